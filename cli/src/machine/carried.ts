/** Small files that a person carries from one machine to another. */
import { open, readFile } from "node:fs/promises";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** `HOLON_ARGUMENT_BAD`. */
export async function readCarried(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${path} cannot be read`, { cause });
  });
  if (text.length > limits.lobbyBytesMax) throw new HolonError("HOLON_ARGUMENT_BAD", `${path} is longer than any such file`);
  return text;
}

/** Never over another file. `HOLON_ARGUMENT_BAD`. */
export async function writeCarried(path: string, content: object): Promise<void> {
  try {
    const file = await open(path, "wx", 0o644);
    try {
      await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${path} cannot be made`, { cause, next: "Name a file that is not there yet." });
  }
}
