/**
 * A warden: the process that holds functions' isolates, apart from the node, because V8 may end a process that an isolate has
 * filled, and cannot always end an isolate. It has no rights of its own beyond reading Holon's modules.
 *
 *     node ──IPC──▶ main thread ──▶ isolate of one function, on a thread of its own while it runs
 *                      └──▶ model worker, with the first model
 *
 * An isolate serves one function once and is thrown away.
 */
import { flushCompileCache } from "node:module";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toCrossing } from "@holon/core/run/crossing.ts";
import { spentUntil } from "@holon/core/run/spent.ts";
import { createIsolateFactory, type IsolateFactory } from "../warden/isolate.ts";
import { openFunction, StuckAtStart, type Heard, type OpenFunction } from "../warden/function.ts";
import { giveBackUnused } from "../give-back.ts";
import { createModel, type PlatformModel } from "../model.ts";
import { ProcessMemory } from "./process-memory.ts";
import type { WardenMessage, WardenReply, WardenRequest } from "./warden-protocol.ts";

giveBackUnused(); // before anybody's function is here: the right to it goes with it

const functions = new Map<number, Promise<OpenFunction>>();
const lost = new Map<number, HolonError>();
let factory: IsolateFactory | undefined;
let model: PlatformModel | undefined;
const models = (): PlatformModel => (model ??= createModel());

const memory = new ProcessMemory({
  commonBytes: () => (model === undefined ? 0 : limits.modelSessionBytesMax),
  over(id, error) {
    if (id === undefined) process.exit(0);
    send(stuck(id, error));
  },
});

const send = (reply: WardenReply): void => {
  sendAll([reply]);
};
const sendAll = (replies: WardenMessage): void => {
  if (process.connected) process.send?.(replies);
};

const unused = { processorMs: 0, memoryBytes: 0 };
const refusal = (id: number, error: unknown): WardenReply => ({ kind: "failed", id, error: toCrossing(error), talk: "", usage: (error instanceof HolonError ? spentUntil(error) : undefined) ?? unused });
const stuck = (id: number, error: HolonError): WardenReply => ({ kind: "stuck", id, error: toCrossing(error), usage: spentUntil(error) ?? unused });
const refused = (id: number, error: unknown): void => send(refusal(id, error));
/** How long the answer to a start waits for the answer to its first batch. */
const togetherMs = 1;

process.on("message", (request: WardenRequest) => {
  switch (request.kind) {
    case "setup":
      factory = createIsolateFactory(request.setup.inside);
      flushCompileCache(); // what ends by being killed writes nothing at its end
      return send({ kind: "ready" });
    case "open":
      return void open(request);
    case "handle":
      return void answer(request).then(send);
    case "decided":
      return void functions.get(request.id)?.then((unit) => unit.decided(request.call, request), () => undefined); // what did not open asked nothing
    case "close":
      return void close(request.id);
  }
});
process.on("disconnect", () => process.exit(0)); // the node is gone

async function open(request: Extract<WardenRequest, { kind: "open" }>): Promise<void> {
  const { id } = request;
  if (factory === undefined) return refused(id, new HolonError("HOLON_INTERNAL", "a function came before its warden was set up"));
  const heard: Heard = {
    lost(error) {
      lost.set(id, error); // told with the next batch too
      send({ kind: "lost", id, error: toCrossing(error) });
    },
    stuck: (error) => send(stuck(id, error)),
  };
  const opening = openFunction(request, factory, models, heard, (call, asked, rows, cause) => send({ kind: "decide", id, call, model: asked, rows, cause }));
  functions.set(id, opening);
  let unit: OpenFunction | undefined;
  memory.open(id, { name: request.setup.name, memoryBytesMax: request.memoryBytesMax, weight: () => unit?.weight() ?? 0 });
  try {
    unit = await memory.during(id, opening);
    const opened: WardenReply = { kind: "done", id, text: "", fitted: undefined, talk: unit.talk, usage: unused };
    if (request.first === undefined) return send(opened);
    // Mostly the first batch is done by now: to be woken twice takes the node longer than to wait for it.
    const answered = answer({ kind: "handle", id, ...request.first });
    const isSoon = await Promise.race([answered.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, togetherMs, false))]);
    if (!isSoon) send(opened);
    sendAll([...(isSoon ? [opened] : []), await answered]);
  } catch (error) {
    forget(id);
    if (error instanceof StuckAtStart) return send(stuck(id, error.error));
    refused(id, error);
    if (request.first !== undefined) refused(id, error);
  }
}

async function close(id: number): Promise<void> {
  const unit = await functions.get(id)?.catch(() => undefined);
  forget(id);
  const isAtRest = (await unit?.end()) ?? true;
  if (!isAtRest) send({ kind: "stuck", id, error: toCrossing(new HolonError("HOLON_UNIT_DIED", "a function that was stopped at work could not be ended")) });
  lost.delete(id);
}

async function answer({ id, eventsText, timeoutMs }: Extract<WardenRequest, { kind: "handle" }>): Promise<WardenReply> {
  const gone = lost.get(id);
  if (gone !== undefined) return refusal(id, gone);
  const unit = await functions.get(id)?.catch(() => undefined);
  if (unit === undefined) return refusal(id, new HolonError("HOLON_INTERNAL", "a batch came for a function that is not open"));
  const outcome = await memory.during(id, unit.handle(eventsText, timeoutMs));
  if (outcome.kind !== "done") forget(id);
  return { ...outcome, id };
}

function forget(id: number): void {
  functions.delete(id);
  memory.close(id);
}
