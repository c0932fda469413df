/** The means to confine programs, measured: whether bubblewrap is here and the system lets this user make namespaces. */
import { spawnSync } from "node:child_process";

let confines: boolean | undefined;

export function canConfine(): boolean {
  confines ??= spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "/bin/true"], { stdio: "ignore" }).status === 0;
  return confines;
}
