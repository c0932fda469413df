/** `holon app init`: a copy of the example that is made for it, under the new app's name. */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { nameSchema } from "@holon/core/schema/name.ts";

const template = fileURLToPath(new URL("../../../examples/first-app", import.meta.url));
const ownSdk = fileURLToPath(new URL("../../../sdk", import.meta.url));
const templateName = "first-app";

export async function initApp(place: string): Promise<void> {
  const folder = resolve(place);
  const name = basename(folder);
  if (!nameSchema.safeParse(name).success) throw new HolonError("HOLON_ARGUMENT_BAD", `${name} is no name for an app`, { next: "Name the folder in lower-case letters, digits and dashes, beginning with a letter." });
  const present = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  if (present.length > 0) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is not empty`, { next: "Name a folder that does not exist yet." });
  await mkdir(folder, { recursive: true });
  await cp(template, folder, { recursive: true, filter: (path) => basename(path) !== "node_modules" });
  await rename(folder, name);
  await linkSdk(folder);
  const from = relative(process.cwd(), folder) || ".";
  process.stdout.write(`${from}: an app of two functions\n  npx holon app test ${from}   runs its tests\n  npx holon app dev ${from}    runs it on this machine, and again with each change\n`);
}

async function rename(folder: string, name: string): Promise<void> {
  for (const file of ["holon.app.ts", "package.json", "README.md"]) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll(`@holon/example-${templateName}`, name).replaceAll(templateName, name).replaceAll("FOLDER", "."));
  }
}

/** Editors and tests find the SDK of this installation; what is bundled finds it anyway. */
async function linkSdk(folder: string): Promise<void> {
  const link = join(folder, "node_modules/@holon/sdk");
  await rm(link, { force: true });
  await mkdir(dirname(link), { recursive: true });
  await symlink(ownSdk, link, process.platform === "win32" ? "junction" : "dir");
}
