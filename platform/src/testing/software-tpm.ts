/** A TPM 2.0 in software (swtpm) with a state of its own, over a Unix socket. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { binaryPath } from "../../../scripts/testing/need.ts";
import { withTpm } from "../tpm/tools.ts";
import { scratchFolder } from "./scratch-folder.ts";

/** Resolves to how its tools reach it. */
export async function softwareTpm(context: TestContext): Promise<string> {
  const folder = scratchFolder(context);
  const state = join(folder, "state");
  mkdirSync(state);
  const [server, control] = [join(folder, "server"), join(folder, "server.ctrl")];
  const child = spawn(binaryPath("swtpm"), ["socket", "--tpm2", "--tpmstate", `dir=${state}`, "--server", `type=unixio,path=${server}`, "--ctrl", `type=unixio,path=${control}`, "--flags", "not-need-init,startup-clear"], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  context.after(async () => {
    child.kill();
    await ended;
  });
  while (!existsSync(server) || !existsSync(control)) await new Promise((resolve) => setTimeout(resolve, 5));
  const tcti = `swtpm:path=${server}`;
  withTpm(tcti, (bench) => bench.run("tpm2_getrandom", "8", "--hex"));
  return tcti;
}
