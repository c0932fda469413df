/** A copy of the installed program, of which files may be altered. What it depends on is that of the original. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { repository } from "./holon-process.ts";

const own = ["core", "node", "control", "platform", "sim", "sdk", "cli"];

/** The path of its command. */
export function copyProgram(folder: string): string {
  for (const name of own) cpSync(join(repository, name), join(folder, name), { recursive: true, filter: (path) => basename(path) !== "node_modules" && !path.endsWith(".test.ts") });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(repository, name), join(folder, name));
  const modules = join(repository, "node_modules");
  mkdirSync(join(folder, "node_modules", "@holon"), { recursive: true });
  for (const name of readdirSync(modules).filter((one) => one !== "@holon" && one !== ".cache")) symlinkSync(join(modules, name), join(folder, "node_modules", name));
  for (const name of own) symlinkSync(join(folder, name), join(folder, "node_modules", "@holon", name));
  return join(folder, "cli", "src", "holon.ts");
}
