/**
 * The Runner port on a real machine: modules and WebAssembly in isolates of a process of their own, trusted functions in worker threads
 * of another, programs as processes.
 *
 * A function that had to be stopped, ran when its process ended, or failed twice in a row starts in a process apart and at low priority from
 * then on, so that it cannot do it to others again: to make and to empty isolates takes the time of the process that holds them.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { isTensor } from "@holon/core/model/tensor.ts";
import type { Runner, ServedModels, UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { parseUnitResult } from "@holon/core/run/result.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import { Apart } from "./runner/apart.ts";
import { Warden, type WardenOptions, type WardenStart } from "./runner/warden.ts";
import { createImageStore } from "./image/store.ts";
import { startImage, startProcess } from "./runner/process.ts";
import { Workshop } from "./runner/workshop.ts";

export interface RunnerOptions {
  /** Given what functions print, bounded; it may hold readings, so it stays on this machine. */
  readonly talk?: (unit: string, text: string) => void;
  /** Folder for images unpacked, of this runner alone: what an end by force left there goes. */
  readonly images?: string;
}

export interface PlatformRunner extends Runner {
  /** Ids of the processes that hold functions, the common one first: for those who measure. */
  pids(): readonly number[];
  close(): Promise<void>;
}

export function createRunner(options: RunnerOptions = {}): PlatformRunner {
  const names = new Map<number, string>();
  /** Models that the node answers for, of functions that have some. */
  const served = new Map<number, ServedModels>();
  /** Batches that a function which did harm still has to do without. */
  const distrusted = new Map<string, number>();
  /** Whose last batch failed. */
  const failed = new Set<string>();
  let common: Warden | undefined;
  let threads = false;
  /** Commons of before. */
  let retired: readonly Warden[] = [];
  let workshop: Workshop | undefined;
  const workshopsApart: Workshop[] = [];
  const images = createImageStore(options.images);
  let lastId = 0;
  let turn = 0;

  const distrust = (id: number): void => {
    const name = names.get(id);
    if (name !== undefined) distrusted.set(name, limits.wardenTrustAfter);
  };
  /** A function may ask those of its own models, and with tensors. */
  const decide: NonNullable<WardenOptions["decide"]> = async (id, model, rows, cause) => {
    const found = served.get(id);
    if (found === undefined || !Object.hasOwn(found.outputs, model) || !isTensor(rows)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `function ${names.get(id) ?? ""} asked a model that it does not use, or with what is no tensor`);
    return found.decide(model, rows, cause);
  };
  const createWarden = (start: WardenStart): Warden =>
    new Warden({ start, talk: (id, text) => options.talk?.(names.get(id) ?? "", text), decide, guilty: distrust, suspected: (ids) => ids.forEach(distrust) });
  const apart = new Apart(() => createWarden({ last: true, threads: true }));

  /** One for all; from the first function on that brings models another one, with the right to threads: two would weigh twice. */
  function wardenInCommon(withModels: boolean): Warden {
    threads ||= withModels;
    if (common !== undefined && !common.gone && common.threads === threads) return common;
    retired = [...retired, ...(common === undefined ? [] : [common])].filter(({ gone }) => !gone);
    common?.retire();
    return (common = createWarden({ last: false, threads }));
  }

  async function startIsolated(program: UnitProgram, first: readonly UnitEvent[] | undefined): Promise<UnitInstance> {
    const { name, code, models, fitted, timeoutMs, runtime = "javascript", declared } = program;
    const isApart = distrusted.has(name);
    const warden = isApart ? apart.join() : wardenInCommon(Object.keys(models).length > 0);
    const id = ++lastId;
    names.set(id, name);
    if (program.served !== undefined) served.set(id, program.served);
    const end = (): void => {
      if (!names.delete(id)) return;
      served.delete(id);
      warden.close(id);
      if (isApart) apart.left(warden);
    };
    let gone: HolonError | undefined;
    const setup = { name, modelNames: Object.keys(models), state: [...program.state], declared: runtime === "wasm" ? declared : undefined, ...(program.secrets === undefined ? {} : { secrets: program.secrets }), ...(program.served === undefined ? {} : { served: program.served.outputs }) };
    const memoryBytesMax = program.memoryBytesMax ?? limits.unitMemoryBytes;
    const startMs = program.startMs ?? limits.unitStartMs;
    const ask = (events: readonly UnitEvent[]) => warden.handle(name, { kind: "handle", id, eventsText: JSON.stringify(events), timeoutMs });
    const { opened, answered } = warden.open(name, { kind: "open", id, setup, code, models, fitted, memoryBytesMax, startMs, ...(first === undefined ? {} : { first: { eventsText: JSON.stringify(first), timeoutMs } }) });
    let begun = first === undefined || answered === undefined ? undefined : { events: first, answer: answered };
    answered?.catch(() => undefined); // told to whoever hands these events over
    try {
      await opened;
    } catch (error) {
      loseTrust(name, error);
      end();
      throw error;
    }
    const answerTo = (events: readonly UnitEvent[]): ReturnType<typeof ask> => {
      const already = begun;
      begun = undefined;
      if (already === undefined) return ask(events);
      if (already.events !== events) throw new HolonError("HOLON_INTERNAL", `function ${name} was handed other events first than it was started with`);
      return already.answer;
    };
    return {
      async handle(events) {
        if (gone !== undefined) throw gone;
        try {
          const { text, fitted: parameters, usage } = await answerTo(events);
          const result = parseUnitResult(text, parameters, events.length);
          if (typeof result === "string") throw withSpent(new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: ${result}`), usage);
          regainTrust(name);
          return { ...result, usage };
        } catch (error) {
          loseTrust(name, error);
          gone = new HolonError("HOLON_UNIT_DIED", `function ${name} failed before`);
          end();
          throw error;
        }
      },
      async stop() {
        gone ??= new HolonError("HOLON_UNIT_DIED", `function ${name} was stopped`);
        end();
      },
    };
  }

  const createWorkshop = (): Workshop => {
    const guilty = (name: string): void => void distrusted.set(name, limits.wardenTrustAfter);
    return new Workshop({ ...(options.talk === undefined ? {} : { talk: options.talk }), guilty, suspected: (units) => units.forEach(guilty) });
  };

  /** Who ran when its process ended, or held it up, is apart for a while: among few, since each takes memory. */
  function workshopFor(name: string): Workshop {
    if (!distrusted.has(name)) {
      if (workshop === undefined || workshop.gone) workshop = createWorkshop();
      return workshop;
    }
    const place = turn++ % limits.wardensApartMax;
    const found = workshopsApart[place];
    if (found !== undefined && !found.gone) return found;
    return (workshopsApart[place] = createWorkshop());
  }

  async function startTrusted(program: UnitProgram): Promise<UnitInstance> {
    const unit = await workshopFor(program.name).start(program);
    return {
      async handle(events) {
        const result = await unit.handle(events);
        regainTrust(program.name);
        return result;
      },
      stop: () => unit.stop(),
    };
  }

  /** One event may be bad; who fails at the next try too starts again and again. */
  function loseTrust(name: string, error: unknown): void {
    if (error instanceof HolonError && error.code === "HOLON_UNIT_INTERRUPTED") return;
    if (failed.has(name)) distrusted.set(name, limits.wardenTrustAfter);
    else failed.add(name);
  }

  function regainTrust(name: string): void {
    failed.delete(name);
    const left = distrusted.get(name);
    if (left === undefined) return;
    if (left <= 1) distrusted.delete(name);
    else distrusted.set(name, left - 1);
  }

  return {
    start(program, first) {
      const { runtime = "javascript" } = program;
      if (runtime === "worker") return startTrusted(program);
      if (runtime === "process") return startProcess(program, (text) => options.talk?.(program.name, text));
      if (runtime === "image") return startImage(program, images, (text) => options.talk?.(program.name, text));
      return startIsolated(program, first);
    },
    pids: () => [common, ...retired, ...apart.all(), workshop, ...workshopsApart].flatMap((one) => (one === undefined || one.gone || one.pid === undefined ? [] : [one.pid])),
    async close() {
      const all = [common, ...retired, ...apart.all(), workshop, ...workshopsApart].filter((one) => one !== undefined);
      for (const one of all) one.kill();
      await Promise.all(all.map((one) => one.ended));
      await images.close();
    },
  };
}
