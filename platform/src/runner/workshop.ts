/** The node's end of one workshop: starts it, talks to it, and says of whom it took with it who may have been at fault. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ServedModels, UnitInstance, UnitProgram, UnitResult } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import { diesFirst } from "../dies-first.ts";
import { wardenStart } from "./warden.ts";
import type { WorkshopReply, WorkshopRequest } from "./workshop-protocol.ts";

export interface WorkshopOptions {
  talk?(unit: string, text: string): void;
  /** It did not answer any more, and held up all others. */
  guilty(unit: string): void;
  /** These ran when the process ended by itself. */
  suspected(units: readonly string[]): void;
}

interface Waiting {
  readonly unit: string;
  readonly resolve: (result: UnitResult | undefined) => void;
  readonly reject: (error: HolonError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Workshop {
  readonly ended: Promise<void>;
  readonly #options: WorkshopOptions;
  readonly #child: ChildProcess;
  /** By function; of one, answers come in the order of the questions. */
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #served = new Map<number, ServedModels>();
  #gone: HolonError | undefined;
  /** For whom it was ended, and why. */
  #blamed: { readonly id: number; readonly error: HolonError } | undefined;
  readonly #names = new Map<number, string>();
  #lastId = 0;
  #open = 0;

  constructor(options: WorkshopOptions) {
    this.#options = options;
    this.#child = fork(fileURLToPath(new URL("./workshop-process.ts", import.meta.url)), [], wardenStart());
    diesFirst(this.#child.pid);
    this.#child.on("message", (reply: WorkshopReply) => this.#receive(reply));
    this.ended = new Promise((resolve) => {
      const fall = (): void => {
        this.#fall();
        resolve();
      };
      this.#child.once("exit", fall);
      this.#child.once("error", fall);
    });
    this.#hold();
  }

  get gone(): boolean {
    return this.#gone !== undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async start({ served, ...program }: UnitProgram): Promise<UnitInstance> {
    const { name, timeoutMs } = program;
    const id = ++this.#lastId;
    if (served !== undefined) this.#served.set(id, served);
    this.#names.set(id, name);
    let isOpen = true;
    this.#open += 1;
    const forget = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#served.delete(id);
      this.#names.delete(id);
      this.#open -= 1;
      this.#endIdle();
    };
    try {
      await this.#ask(name, { kind: "open", id, program: { ...program, ...(served === undefined ? {} : { servedOutputs: served.outputs }) } }, limits.unitStartMs);
    } catch (error) {
      forget();
      throw error;
    }
    return {
      handle: async (events) => {
        const result = await this.#ask(name, { kind: "handle", id, events }, timeoutMs);
        if (result === undefined) throw new HolonError("HOLON_INTERNAL", `function ${name} answered with nothing`);
        return result;
      },
      stop: async () => {
        if (!isOpen) return;
        forget();
        if (!this.gone) await this.#ask(name, { kind: "stop", id }, limits.isolateEndMs).catch(() => undefined); // it has ended, in whatever way
      },
    };
  }

  /** A process that nobody has needed for a while is memory for nothing. */
  #endIdle(): void {
    if (this.#open > 0) return;
    setTimeout(() => {
      if (this.#open === 0 && !this.gone) this.kill();
    }, limits.workshopIdleMs).unref();
  }

  kill(): void {
    this.#gone ??= new HolonError("HOLON_UNIT_INTERRUPTED", "a function was interrupted: its process was ended");
    this.#child.kill("SIGKILL");
    this.#child.ref(); // until it is seen to end
  }

  #ask(unit: string, request: Extract<WorkshopRequest, { readonly id: number }>, withinMs: number): Promise<UnitResult | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#blamed?.id === request.id ? this.#blamed.error : this.#gone);
      const timer = setTimeout(() => this.#stuck(request.id, new HolonError("HOLON_UNIT_TIMEOUT", `function ${unit} took longer than ${withinMs} ms, and its process no longer answers`)), withinMs + limits.isolateEndMs + limits.wardenGraceMs);
      this.#waiting.set(request.id, [...(this.#waiting.get(request.id) ?? []), { unit, resolve, reject, timer }]);
      this.#hold();
      this.#send(request);
    });
  }

  #send(request: WorkshopRequest): void {
    if (this.#child.connected) this.#child.send(request, (error) => void (error !== null && this.kill()));
  }

  #receive(reply: WorkshopReply): void {
    if (reply.kind === "talk") return this.#options.talk?.(reply.unit, reply.text);
    if (reply.kind === "decide") return void this.#decide(reply);
    if (reply.kind === "over") return this.#stuck(reply.id, fromCrossing(reply.error));
    const waiting = this.#take(reply.id);
    if (reply.kind === "done") waiting?.resolve(reply.result);
    else waiting?.reject(withSpent(fromCrossing(reply.error), reply.usage));
  }

  /** A function may ask those of its own models. */
  async #decide({ id, call, model, rows, cause }: Extract<WorkshopReply, { kind: "decide" }>): Promise<void> {
    try {
      const served = this.#served.get(id);
      if (served === undefined || !Object.hasOwn(served.outputs, model)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is none that the function uses`);
      this.#send({ kind: "decided", call, decisions: await served.decide(model, rows, cause) });
    } catch (error) {
      this.#send({ kind: "decided", call, error: toCrossing(error) });
    }
  }

  #take(id: number): Waiting | undefined {
    const [first, ...others] = this.#waiting.get(id) ?? [];
    if (others.length === 0) this.#waiting.delete(id);
    else this.#waiting.set(id, others);
    clearTimeout(first?.timer);
    this.#hold();
    return first;
  }

  #stuck(id: number, error: HolonError): void {
    const name = this.#names.get(id);
    if (name !== undefined) this.#options.guilty(name);
    this.#blamed ??= { id, error };
    for (let waiting = this.#take(id); waiting !== undefined; waiting = this.#take(id)) waiting.reject(error);
    this.kill();
  }

  /** A program waits for its functions, not for idle ones. */
  #hold(): void {
    const [child, channel] = [this.#child, this.#child.channel];
    if (this.#waiting.size > 0) [child, channel].forEach((one) => one?.ref());
    else [child, channel].forEach((one) => one?.unref());
  }

  /** One that ran alone did it; of several nobody knows. */
  #fall(): void {
    const all = [...this.#waiting.keys()];
    const byItself = this.#gone === undefined;
    this.#gone ??= new HolonError("HOLON_UNIT_INTERRUPTED", "a function was interrupted: its process ended");
    if (byItself) this.#options.suspected([...this.#waiting.values()].flatMap(([first]) => first?.unit ?? []));
    for (const id of all) {
      for (let waiting = this.#take(id); waiting !== undefined; waiting = this.#take(id)) {
        waiting.reject(byItself && all.length === 1 ? new HolonError("HOLON_UNIT_DIED", `the worker of function ${waiting.unit} ended: it took its process with it`) : this.#gone);
      }
    }
  }
}
