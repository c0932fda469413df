/** The rivals' programs, from the packages of the system. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type Rival = "nats-server" | "mosquitto";

/** Where daemons live on Debian, which is not on the path of every user. */
const daemonFolders = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** Path of a rival's program, or undefined where it is not installed; `say` is told so, by name. */
export function findRival(rival: Rival, say: (line: string) => void): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""), ...daemonFolders];
  const found = folders.map((folder) => join(folder, rival)).find(isExecutable);
  if (found === undefined) say(`${rival} is not installed (Debian package ${rival}): nothing is compared with it`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `2.9.10` of what a program prints about itself. */
export function versionOf(path: string, ...words: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, words, { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
}
