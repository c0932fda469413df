/**
 * A network of one's own for each page, with a loopback and nothing else: the ports that a page names are free, whatever else this machine runs, and
 * nothing is asked of anybody outside. Linux has it (`unshare`, util-linux; `ip`, iproute2).
 */
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { findBinary } from "../testing/servers.ts";
import { readPage } from "./pages.ts";
import { runPage, type Outcome } from "./run-page.ts";

const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
const outcomeSchema = z.object({ commands: z.int(), problems: z.array(z.string()), said: z.array(z.object({ line: z.int(), code: z.string() })) });

/** Why it cannot be had here; undefined where it can. */
export function whyNotApart(): string | undefined {
  const missing = ["unshare", "ip", "bash", "script"].filter((program) => findBinary(program) === undefined);
  if (missing.length > 0) return `${missing.join(", ")} not installed`;
  const { status, stderr } = spawnSync("unshare", [...asRoot, "--net", "ip", "link", "set", "lo", "up"], { encoding: "utf8" });
  return status === 0 ? undefined : `no network of its own to be had: ${stderr.trim()}`;
}

export async function runApart(path: string, options: { readonly goOn: boolean; readonly signal?: AbortSignal }): Promise<Outcome> {
  const child = spawn("unshare", [...asRoot, "--net", process.execPath, fileURLToPath(import.meta.url), path, ...(options.goOn ? ["--go-on"] : [])], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_TEST_CONTEXT: undefined } });
  const stop = (): void => void child.kill("SIGTERM");
  options.signal?.addEventListener("abort", stop);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const exitCode = await new Promise<number | null>((resolve, reject) => void child.once("error", reject).once("close", resolve));
  options.signal?.removeEventListener("abort", stop);
  if (exitCode !== 0) throw new Error(`${path}: what runs it ended with ${exitCode}\n${text}`);
  return outcomeSchema.parse(JSON.parse(text));
}

if (import.meta.main) {
  const [path = "", goOn] = process.argv.slice(2);
  spawnSync("ip", ["link", "set", "lo", "up"]);
  process.once("SIGTERM", () => process.exit(143)); // what it started is killed on the way out
  process.stdout.write(JSON.stringify(await runPage(readPage(path).text, { goOn: goOn === "--go-on" })));
}
