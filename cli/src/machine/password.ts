/** Passwords come from a file, from stdin or from the keyboard: arguments can be read by others on the machine. */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** `HOLON_ARGUMENT_BAD` where there is nobody to ask and no file. */
export async function readPassword(prompt: string, file: string | undefined): Promise<string> {
  const text = file === undefined ? await ask(prompt) : file === "-" ? await readAll() : await readFile(file, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `the password file ${file} cannot be read`, { cause });
  });
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new HolonError("HOLON_ARGUMENT_BAD", "the password is empty");
  return password;
}

/** Twice, where it is typed. */
export async function readNewPassword(name: string, file: string | undefined): Promise<string> {
  const password = await readPassword(`new password of ${name}: `, file);
  if (file === undefined && (await readPassword("once more: ", undefined)) !== password) throw new HolonError("HOLON_ARGUMENT_BAD", "the two passwords differ", { next: "Run the command again." });
  return password;
}

async function ask(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) throw new HolonError("HOLON_ARGUMENT_BAD", "there is no keyboard to ask for the password", { next: "Name a file with --password-file, or - for stdin." });
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

async function readAll(): Promise<string> {
  let text = "";
  for await (const piece of process.stdin) {
    text += String(piece);
    if (text.length > 2 * limits.passwordCharactersMax) break; // the API says what is too long
  }
  return text;
}
