/** The node's end of one warden process: starts it, talks to it, kills it when it must, and says who was at fault. */
import { fork, type ChildProcess, type ForkOptions } from "node:child_process";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ModelDecision, Tensor, UnitUsage } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import type { WardenMessage, WardenReply, WardenRequest } from "./warden-protocol.ts";
import { compileBehind } from "../compile-behind.ts";
import { diesFirst } from "../dies-first.ts";
import { rightsToGiveBack } from "../give-back.ts";
import { thriftyMalloc } from "../malloc.ts";
import { insideCode } from "./inside-code.ts";

export interface WardenAnswer {
  readonly text: string;
  readonly fitted: unknown;
  readonly usage: UnitUsage;
}

/** What its process may do beside holding isolates. */
export interface WardenStart {
  /** Runs after everything else of this machine: for those that do harm. */
  readonly last: boolean;
  /** May start a thread, as functions with models of their own need one. Who may not gives back what it needed only to start: see `rightsToGiveBack`. */
  readonly threads: boolean;
}

export interface WardenOptions {
  readonly start: WardenStart;
  talk(id: number, text: string): void;
  /** A function asks a model that the node answers for. */
  decide?(id: number, model: string, rows: Tensor, cause: number | undefined): Promise<readonly ModelDecision[]>;
  /** These functions ran when the process ended by itself: one of them is at fault. */
  suspected(ids: readonly number[]): void;
  /** This function had to be stopped, or took the process with it. */
  guilty(id: number): void;
}

interface Waiting {
  readonly resolve: (answer: WardenAnswer) => void;
  readonly reject: (error: HolonError) => void;
  readonly name: string;
  readonly timer: NodeJS.Timeout;
}

const readable = ["@holon/core/errors.ts", "zod", "isolated-vm", "onnxruntime-web"].flatMap((specifier) => {
  try {
    return [rootOf(fileURLToPath(import.meta.resolve(specifier)))];
  } catch {
    return []; // optional, and not there
  }
});

/** The folder of a package and, for those installed, of its neighbours. */
function rootOf(path: string): string {
  const at = path.lastIndexOf("node_modules");
  return at < 0 ? dirname(dirname(dirname(path))) : path.slice(0, at + "node_modules".length);
}

export class Warden {
  readonly #options: WardenOptions;
  readonly #child: ChildProcess;
  /** By function; answers come in the order of the questions. */
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #ready: Promise<void>;
  #gone: HolonError | undefined;
  /** For whom it was ended, and why. */
  #blamed: { readonly id: number; readonly error: HolonError } | undefined;
  #ended: (() => void) | undefined;
  #isRetired = false;
  /** Functions that came before it was ready. */
  #toOpen = 0;
  readonly ended: Promise<void>;

  constructor(options: WardenOptions) {
    this.#options = options;
    this.#child = spawn(options.start);
    this.ended = new Promise((resolve) => (this.#ended = resolve));
    this.#ready = this.#setUp();
    this.#ready.catch(() => undefined); // told to each who opens a function
    this.#child.on("message", (replies: WardenMessage) => replies.forEach((reply) => this.#receive(reply)));
    this.#child.on("error", (error) => this.#fall(new HolonError("HOLON_UNIT_DIED", "the process of a sandbox could not be started", { cause: error })));
    this.#child.on("exit", () => this.#fall(undefined));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get threads(): boolean {
    return this.#options.start.threads;
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  /** Who is at work. */
  get busy(): number {
    return this.#waiting.size;
  }

  /** What its start gives, and what its first batch does, if it has one. */
  open(name: string, request: Extract<WardenRequest, { kind: "open" }>): { readonly opened: Promise<WardenAnswer>; readonly answered: Promise<WardenAnswer> | undefined } {
    this.#toOpen++;
    const opened = this.#ready.then(() => {
      this.#toOpen--;
      return this.#ask(name, request, request.startMs);
    });
    const { id, first, startMs } = request;
    const answered = first === undefined ? undefined : this.#ready.then(() => this.#wait(name, id, startMs + first.timeoutMs));
    return { opened, answered };
  }

  handle(name: string, request: Extract<WardenRequest, { kind: "handle" }>): Promise<WardenAnswer> {
    return this.#ask(name, request, request.timeoutMs);
  }

  close(id: number): void {
    if (this.#gone === undefined) this.#send({ kind: "close", id });
  }

  /** As soon as nobody is at work in it; its functions start again elsewhere with what they are handed next. */
  retire(): void {
    this.#isRetired = true;
    if (this.#waiting.size === 0 && this.#toOpen === 0) this.kill();
  }

  /** At once; whoever waits is interrupted. */
  kill(): void {
    this.#gone ??= interrupted("its process was ended");
    this.#hold(true); // until it is seen to end
    this.#child.kill("SIGKILL");
  }

  #ask(name: string, request: Extract<WardenRequest, { readonly id: number }>, withinMs: number): Promise<WardenAnswer> {
    const answer = this.#wait(name, request.id, withinMs);
    this.#send(request);
    return answer;
  }

  #wait(name: string, id: number, withinMs: number): Promise<WardenAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#blamed?.id === id ? this.#blamed.error : this.#gone);
      const timer = setTimeout(() => this.#stuck(id, new HolonError("HOLON_UNIT_TIMEOUT", `function ${name} took longer than ${withinMs} ms, and its process no longer answers`)), withinMs + limits.isolateEndMs + limits.wardenGraceMs);
      const waiting = { resolve, reject, name, timer };
      const others = this.#waiting.get(id);
      if (others === undefined) this.#waiting.set(id, [waiting]);
      else others.push(waiting);
      this.#hold(true);
    });
  }

  #send(request: WardenRequest): void {
    if (this.#child.connected) this.#child.send(request, (error) => {
      if (error !== null) this.kill();
    });
  }

  #receive(reply: WardenReply): void {
    if (reply.kind === "ready") return;
    if (reply.kind === "decide") return void this.#decide(reply);
    if ("talk" in reply && reply.talk !== "") this.#options.talk(reply.id, reply.talk);
    if (reply.kind === "done") return this.#take(reply.id)?.resolve(reply);
    const error = withSpent(fromCrossing(reply.error), "usage" in reply ? reply.usage : undefined);
    if (reply.kind === "stuck") return this.#stuck(reply.id, error);
    if (error.code === "HOLON_UNIT_TIMEOUT" || reply.kind === "lost") this.#options.guilty(reply.id);
    this.#take(reply.id)?.reject(error);
  }

  async #decide({ id, call, model, rows, cause }: Extract<WardenReply, { kind: "decide" }>): Promise<void> {
    try {
      const decisions = (await this.#options.decide?.(id, model, rows, cause)) ?? [];
      this.#send({ kind: "decided", id, call, decisions });
    } catch (error) {
      this.#send({ kind: "decided", id, call, error: toCrossing(error) });
    }
  }

  /** One function cannot be ended but with the process; the others go on in the next. */
  #stuck(id: number, error: HolonError): void {
    this.#options.guilty(id);
    this.#blamed ??= { id, error };
    for (let waiting = this.#take(id); waiting !== undefined; waiting = this.#take(id)) waiting.reject(error);
    this.kill();
  }

  #take(id: number): Waiting | undefined {
    const all = this.#waiting.get(id);
    const waiting = all?.shift();
    if (all?.length === 0) this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    this.#hold(this.#waiting.size > 0);
    if (this.#isRetired && this.#waiting.size === 0 && this.#gone === undefined) setImmediate(() => this.retire()); // behind whom this answer lets go on
    return waiting;
  }

  /** A program waits for its functions, not for idle sandboxes. */
  #hold(held: boolean): void {
    if (held) {
      this.#child.ref();
      this.#child.channel?.ref();
    } else {
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }

  #fall(reason: HolonError | undefined): void {
    const ids = [...this.#waiting.keys()];
    if (this.#gone === undefined && reason === undefined) {
      const [only] = ids;
      if (ids.length === 1 && only !== undefined) {
        this.#options.guilty(only);
        for (let waiting = this.#take(only); waiting !== undefined; waiting = this.#take(only)) waiting.reject(new HolonError("HOLON_UNIT_DIED", `the sandbox of function ${waiting.name} ended: it took its process with it`));
      } else this.#options.suspected(ids);
    }
    this.#gone ??= reason ?? interrupted("its process ended");
    for (const id of ids) for (let waiting = this.#take(id); waiting !== undefined; waiting = this.#take(id)) waiting.reject(this.#gone);
    this.#child.unref();
    this.#ended?.();
  }

  async #setUp(): Promise<void> {
    const inside = await insideCode();
    await new Promise<void>((resolve, reject) => {
      this.#child.once("message", () => resolve());
      this.#child.once("exit", () => reject(new HolonError("HOLON_UNIT_DIED", "the process of sandboxes could not be started", { next: "Check that the package isolated-vm is installed for this platform; or give the function `runtime: worker`, if it is trusted." })));
      this.#send({ kind: "setup", setup: { inside } });
    });
    compileBehind(this.#child.pid);
    this.#hold(this.#waiting.size > 0);
  }
}

function spawn(start: WardenStart): ChildProcess {
  const child = fork(fileURLToPath(new URL("./warden-process.ts", import.meta.url)), [], wardenStart(start));
  diesFirst(child.pid);
  if (start.last && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW); // its threads are yet to come: they inherit it
  return child;
}

/** Rights, environment and flags of a warden. One for those that do harm, which runs after everything else, has no thread beside the one at work: what fills its memory without end would have two processors marking it. */
export function wardenStart({ last, threads }: WardenStart = { last: false, threads: true }): ForkOptions {
  const cache = process.env["NODE_COMPILE_CACHE"];
  const rights = [...new Set([...readable, dirname(dirname(import.meta.dirname))])].map((folder) => `--allow-fs-read=${join(folder, "*")}`);
  const cacheRights = cache === undefined ? [] : [`--allow-fs-read=${cache}/*`, `--allow-fs-write=${cache}/*`];
  return {
    execArgv: ["--permission", "--allow-addons", ...(threads ? ["--allow-worker"] : rightsToGiveBack), "--allow-fs-read=/etc/alpine-release", ...rights, ...cacheRights, "--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1", ...(last ? ["--single-threaded-gc"] : []), "--no-warnings"],
    env: { ...thriftyMalloc, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) },
    serialization: "advanced",
    stdio: ["ignore", "ignore", process.env["HOLON_WARDEN_SAYS"] === undefined ? "ignore" : "inherit", "ipc"],
  };
}

const interrupted = (why: string): HolonError => new HolonError("HOLON_UNIT_INTERRUPTED", `a sandbox was interrupted: ${why}`);
