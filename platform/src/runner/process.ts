/**
 * A function that is a program (a Python model, say), started with its first event in a confinement of bubblewrap: no network, no
 * environment, its own processes only, the system's programs to read, and a folder with the socket on which it answers:
 *
 *     GET  /ready                                        → 200 when it can take events
 *     POST /run {"events":[…],"state":{"key":value,…},"secrets":{"name":"…"}}
 *              → {"outputs":[{"type","data","cause",…}],"state":[{"key","value"}],"status"}
 *
 * `cause` is the index of the event that led to an output; `value` null removes. The socket is named by `HOLON_SOCKET`. An image speaks the same; in
 * place of the system's programs it has its own files to read, and it is never started where it cannot be confined.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { UnitEvent, UnitInstance, UnitProgram, UnitResult, UnitUsage } from "@holon/core/ports.ts";
import { parseUnitResult } from "@holon/core/run/result.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import { canConfine } from "../confine.ts";
import type { ImageStore, OpenImage } from "../image/store.ts";
import { openOwnSocket } from "./own-socket.ts";
import { overRoom, removeRoom } from "./process-room.ts";
import { overMemory, usageOf } from "./process-usage.ts";
import { unitTextMax } from "@holon/core/run/unit-text.ts";

/** Not by `import`: see `http.ts`. */
const { request } = process.getBuiltinModule("node:http");

const answerSchema = z.strictObject({
  outputs: z.array(z.strictObject({ type: z.string(), subject: z.string().optional(), timeMs: z.number().optional(), data: z.unknown(), cause: z.int().min(0).default(0) })).default([]),
  state: z.array(z.strictObject({ key: z.string(), value: z.unknown() })).default([]),
  status: z.string().optional(),
});

const readyEveryMs = 20;
const systemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/opt"];

/** The program of an image, from its files. `HOLON_IMAGE_BAD`; `HOLON_UNIT_UNSUPPORTED` where it cannot be confined, or is for other machines. */
export async function startImage(program: UnitProgram, images: ImageStore, talk: (text: string) => void): Promise<UnitInstance> {
  const { name } = program;
  if (!canConfine()) throw new HolonError("HOLON_UNIT_UNSUPPORTED", `function ${name} is an image, and this node cannot confine it`, { next: "Install bubblewrap (bwrap) on the node and let its user make namespaces; or place the function on a node that can: give it `needs: { providers: [\"bubblewrap\"] }`." });
  const { image, release } = await images.take(program.code, `the image of function ${name}`);
  try {
    const command = program.command ?? image.entrypoint;
    if (command.length === 0) throw new HolonError("HOLON_UNIT_BAD", `function ${name}: its image does not say what it starts`, { next: "Give the image an entrypoint, or the function a `command`." });
    const unit = await startProgram({ ...program, unconfined: false }, command, talk, image);
    return { handle: (events) => unit.handle(events), stop: () => unit.stop().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}

/** `HOLON_UNIT_UNSUPPORTED` where the program cannot be confined and its app does not grant it the machine. */
export async function startProcess(program: UnitProgram, talk: (text: string) => void): Promise<UnitInstance> {
  const { name, command } = program;
  if (command === undefined) throw new HolonError("HOLON_UNIT_BAD", `function ${name} is a process and names no command`);
  if (program.unconfined !== true && !canConfine()) {
    throw new HolonError("HOLON_UNIT_UNSUPPORTED", `function ${name} is a process, and this node cannot confine it`, { next: "Install bubblewrap (bwrap) on the node; or say `unconfined: true` in the manifest, which gives the program the rights of the node." });
  }
  return startProgram(program, command, talk);
}

async function startProgram(program: UnitProgram, command: readonly string[], talk: (text: string) => void, image?: OpenImage): Promise<UnitInstance> {
  const { name } = program;
  const folder = mkdtempSync(join(tmpdir(), "holon-process-"));
  if (image === undefined) writeFileSync(join(folder, "module"), program.code);
  const child = startChild(program, command, folder, image);
  let gone: HolonError | undefined;
  const end = (reason: HolonError): void => {
    gone ??= reason;
    child.kill("SIGKILL");
  };
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => end(new HolonError("HOLON_UNIT_BAD", `function ${name}: ${command[0] ?? ""} cannot be started`, { cause: error })));
    child.once("close", (code) => {
      end(new HolonError("HOLON_UNIT_DIED", `the process of function ${name} ended with ${code ?? "a signal"}`));
      removeRoom(folder);
      resolve();
    });
  });
  child.once("error", () => undefined);
  const given = new Map([["module", program.code.length], ...Object.entries(program.models).map(([model, graph]): [string, number] => [`${model}.onnx`, graph.length])]);
  const watch = program.unconfined === true ? undefined : setInterval(() => {
    const over = tooMuch(program, child.pid, folder, given);
    if (over !== undefined) end(over);
  }, limits.imageFolderLookMs).unref();
  void exited.then(() => clearInterval(watch));
  boundTalk(child, talk);
  const state = new Map(program.state);
  const usedBefore = { processorMs: 0 };
  /** Since the batch before; the start goes to the first. */
  const usage = (): UnitUsage | undefined => {
    const used = child.pid === undefined ? undefined : usageOf(child.pid);
    if (used === undefined) return undefined;
    const processorMs = Math.max(0, used.processorMs - usedBefore.processorMs);
    usedBefore.processorMs = used.processorMs;
    return { processorMs, memoryBytes: used.memoryBytes };
  };
  try {
    await untilReady(name, join(folder, "socket"), program.startMs ?? limits.unitStartMs, () => gone);
  } catch (error) {
    end(error instanceof HolonError ? error : new HolonError("HOLON_UNIT_BAD", `function ${name} did not start`));
    await exited;
    throw error;
  }
  return {
    async handle(events) {
      if (gone !== undefined) throw gone;
      try {
        const body = JSON.stringify({ events, state: Object.fromEntries([...state].map(([key, value]) => [key, JSON.parse(value)])), secrets: program.secrets });
        const answer = await Promise.race([ask(name, join(folder, "socket"), "POST", "/run", body, program.timeoutMs), exited.then(() => Promise.reject(gone ?? died(name)))]);
        const result = toResult(name, answer, events);
        for (const { key, value } of result.state) {
          if (value === null) state.delete(key);
          else state.set(key, value);
        }
        const used = usage();
        return used === undefined ? result : { ...result, usage: used };
      } catch (error) {
        const reason = gone ?? (error instanceof HolonError ? error : died(name, error)); // why it was ended goes before what that looked like
        withSpent(reason, gone === undefined ? usage() : undefined); // of one that has ended the system tells nothing
        end(reason);
        throw reason;
      }
    },
    async stop() {
      end(new HolonError("HOLON_UNIT_DIED", `function ${name} was stopped`));
      await exited;
    },
  };
}

/** What the system bounds in part only. */
function tooMuch({ name, memoryBytesMax = limits.unitMemoryBytes }: UnitProgram, pid: number | undefined, folder: string, given: ReadonlyMap<string, number>): HolonError | undefined {
  const put = overRoom(folder, given);
  if (put !== undefined) return new HolonError("HOLON_UNIT_DIED", `the process of function ${name} was ended: it put ${put} into the folder of its socket`, { next: "Let it write to /tmp, which is bounded, or keep what it knows as state." });
  const memory = pid === undefined ? undefined : overMemory(pid, memoryBytesMax);
  if (memory !== undefined) return new HolonError("HOLON_UNIT_DIED", `the process of function ${name} was ended: ${memory}`, { next: "Start fewer processes in it, or raise its `memoryBytesMax`." });
  return undefined;
}

function startChild({ memoryBytesMax = limits.unitMemoryBytes, unconfined, models }: UnitProgram, command: readonly string[], folder: string, image: OpenImage | undefined): ChildProcess {
  for (const [model, graph] of Object.entries(models)) writeFileSync(join(folder, `${model}.onnx`), graph);
  // Twice: where all there is to write to is full, that is told first.
  const fileBlocks = unconfined === true ? "" : `ulimit -f ${(2 * limits.imageScratchBytes) / 512} && `;
  // What a program sets aside is much more than what it holds, which is looked at: this is for what grows faster than that.
  const bounded = ["/bin/sh", "-c", `ulimit -v ${Math.floor(Math.max(memoryBytesMax, limits.unitMemoryBytesMax) / 1024)} && ${fileBlocks}ulimit -c 0 && exec "$@"`, "sh"];
  const inside = unconfined === true ? folder : "/run/holon";
  const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOLON_SOCKET: `${inside}/socket`, HOLON_FOLDER: inside, HOLON_MODULE: `${inside}/module` };
  if (image !== undefined) return spawnImage(image, command, [...bounded, "bwrap"], { folder, inside, env });
  const named = [...bounded, ...command].map((word) => word.replaceAll("$HOLON_MODULE", env.HOLON_MODULE));
  if (unconfined === true) return spawn(named[0] ?? "", named.slice(1), { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const mounts = systemFolders.filter(existsSync).flatMap((path) => ["--ro-bind", path, path]);
  return spawn("bwrap", [...wallsWith(env), ...mounts, ...processes, ...devices, ...room, "--tmpfs", "/tmp", "--bind", folder, inside, "--chdir", inside, "--", ...named], { env: { PATH: env.PATH }, stdio: ["ignore", "pipe", "pipe"] });
}

const wallsWith = (env: Readonly<Record<string, string>>): readonly string[] => ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", ...Object.entries(env).flatMap(([key, value]) => ["--setenv", key, value])];

/** To be read alone: whoever is the machine's administrator there, by number, may write the settings of its kernel below it, without any right of his own. */
const processes = ["--proc", "/proc", "--remount-ro", "/proc"];
/** Of the next that is mounted. What is written there is memory of the machine. */
const room = ["--size", String(limits.imageScratchBytes)];
const devices = ["--dev", "/dev", ...room, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"];

interface ImagePlace {
  readonly folder: string;
  readonly inside: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Its files are the root, to be read; what an image may bring along with it of its own is its environment. The bound on memory is set before it, since an image need not have a shell. */
function spawnImage({ root, environment, workingFolder }: OpenImage, command: readonly string[], program: readonly string[], { folder, inside, env }: ImagePlace): ChildProcess {
  const own = Object.fromEntries(environment.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)] as const).filter(([name]) => !name.startsWith("HOLON_")));
  const { HOLON_MODULE: _, ...given } = env;
  const words = [...program.slice(1), ...wallsWith({ ...given, ...own }), "--ro-bind", root, "/", ...processes, ...devices, ...room, "--tmpfs", "/tmp", ...room, "--tmpfs", "/run", "--bind", folder, inside, "--chdir", workingFolder, "--", ...command];
  return spawn(program[0] ?? "", words, { env: { PATH: given["PATH"] ?? "" }, stdio: ["ignore", "pipe", "pipe"] });
}

async function untilReady(name: string, socketPath: string, withinMs: number, gone: () => HolonError | undefined): Promise<void> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs; await sleep(readyEveryMs)) {
    const ended = gone();
    if (ended !== undefined) throw ended;
    if (!existsSync(socketPath)) continue;
    const ready = await ask(name, socketPath, "GET", "/ready", undefined, limits.isolateEndMs).then(() => true, () => false);
    if (ready) return;
  }
  throw new HolonError("HOLON_UNIT_BAD", `function ${name}: its process was not ready within ${withinMs} ms`);
}

function ask(name: string, socketPath: string, method: string, path: string, body: string | undefined, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = new HolonError("HOLON_UNIT_TIMEOUT", `function ${name} took longer than ${timeoutMs} ms for its events`);
    const socket = openOwnSocket(socketPath);
    if (socket === undefined) return reject(new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: where its socket should be there is none`));
    const asked = request({ socketPath: socket.path, method, path, headers: { "content-type": "application/json" }, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      let length = 0;
      answer.on("data", (part: Buffer) => {
        length += part.length;
        if (length > unitTextMax) asked.destroy(new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: its answer is over ${unitTextMax} bytes`));
        else parts.push(part);
      });
      answer.on("error", (error) => reject(toAsked(name, error)));
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(parts).toString("utf8"));
        else reject(new HolonError("HOLON_UNIT_THREW", `function ${name} answered with status ${answer.statusCode ?? 0}`));
      });
    });
    const timer = setTimeout(() => asked.destroy(late), timeoutMs);
    asked.on("error", (error) => reject(toAsked(name, error)));
    asked.on("close", () => {
      clearTimeout(timer);
      socket.close();
    });
    asked.end(body);
  });
}

const toAsked = (name: string, error: Error): HolonError => (error instanceof HolonError ? error : died(name, error));
const died = (name: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_DIED", `the process of function ${name} did not answer`, { cause });

/** The same checks as for every sandbox. */
function toResult(name: string, text: string, events: readonly UnitEvent[]): UnitResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: its answer is no JSON`, { cause });
  }
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: its answer does not fit at ${parsed.error.issues[0]?.path.join(".") ?? ""}`);
  const { outputs, state, status } = parsed.data;
  const whole = {
    outputs: outputs.map((output) => ({ subject: events[output.cause]?.subject, timeMs: events[output.cause]?.timeMs ?? 0, ...output, data: output.data ?? null })),
    state: state.map(({ key, value }) => ({ key, value: value === null || value === undefined ? null : JSON.stringify(value) })),
    ...(status === undefined ? {} : { status }),
    inferenceMs: [],
  };
  const result = parseUnitResult(JSON.stringify(whole), [], events.length);
  if (typeof result === "string") throw new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: ${result}`);
  return result;
}

function boundTalk(child: ChildProcess, talk: (text: string) => void): void {
  let left: number = limits.unitTalkBytesMax;
  const take = (chunk: Buffer): void => {
    if (left > 0) talk(chunk.subarray(0, left).toString("utf8"));
    left -= chunk.length;
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
}
