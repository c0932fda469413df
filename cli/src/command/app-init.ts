/** `holon app init`: a copy of the example that is made for it, under the new app's name. */
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { nameSchema } from "@holon/core/schema/name.ts";

const template = fileURLToPath(new URL("../../../examples/first-app", import.meta.url));
const ofInstallation = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
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
  await linkInstallation(folder);
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

/** Editors and tests find the SDK of this installation, what is bundled finds it anyway; in the folder `npx holon` is this one, and `npm run check` has a compiler where the installation has. */
async function linkInstallation(folder: string): Promise<void> {
  const isWindows = process.platform === "win32";
  await link(folder, "@holon/sdk", "sdk", isWindows ? "junction" : "dir");
  await link(folder, "@types/node", "node_modules/@types/node", isWindows ? "junction" : "dir");
  if (isWindows) return; // a program is started there by a file that npm writes
  await link(folder, ".bin/holon", "cli/bin/holon.js", "file");
  await link(folder, ".bin/tsc", "node_modules/typescript/bin/tsc", "file");
}

async function link(folder: string, name: string, to: string, kind: "dir" | "file" | "junction"): Promise<void> {
  const target = ofInstallation(to);
  if (!existsSync(target)) return;
  const path = join(folder, "node_modules", name);
  await rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path, kind);
}
