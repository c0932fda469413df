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
import { toCrossing } from "@holon/core/run/crossing.ts";
import { createIsolateFactory, type IsolateFactory } from "./warden-isolate.ts";
import { openFunction, type OpenFunction } from "./warden-function.ts";
import { createModel, type PlatformModel } from "./model.ts";
import type { WardenReply, WardenRequest } from "./runner-warden-protocol.ts";

const functions = new Map<number, Promise<OpenFunction>>();
const lost = new Map<number, HolonError>();
let factory: IsolateFactory | undefined;
let model: PlatformModel | undefined;
const models = (): PlatformModel => (model ??= createModel());

const send = (reply: WardenReply): void => {
  if (process.connected) process.send?.(reply);
};

const unused = { processorMs: 0, memoryBytes: 0 };
const refused = (id: number, error: unknown): void => send({ kind: "failed", id, error: toCrossing(error), talk: "", usage: unused });

process.on("message", (request: WardenRequest) => {
  switch (request.kind) {
    case "setup":
      factory = createIsolateFactory(request.setup.inside);
      flushCompileCache(); // what ends by being killed writes nothing at its end
      return send({ kind: "ready" });
    case "open":
      return void open(request);
    case "handle":
      return void handle(request);
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
  const opening = openFunction(request, factory, models, (error) => {
    lost.set(id, error); // told with the next batch too
    send({ kind: "lost", id, error: toCrossing(error) });
  }, (call, asked, rows) => send({ kind: "decide", id, call, model: asked, rows }));
  functions.set(id, opening);
  try {
    const { described, talk } = await opening;
    send({ kind: "done", id, text: described, fitted: undefined, talk, usage: unused });
    if (request.first !== undefined) await handle({ kind: "handle", id, ...request.first });
  } catch (error) {
    functions.delete(id);
    refused(id, error);
    if (request.first !== undefined) refused(id, error);
  }
}

async function close(id: number): Promise<void> {
  const unit = await functions.get(id)?.catch(() => undefined);
  unit?.end();
  functions.delete(id);
  lost.delete(id);
}

async function handle({ id, eventsText, timeoutMs }: Extract<WardenRequest, { kind: "handle" }>): Promise<void> {
  const gone = lost.get(id);
  if (gone !== undefined) return refused(id, gone);
  const unit = await functions.get(id)?.catch(() => undefined);
  if (unit === undefined) return refused(id, new HolonError("HOLON_INTERNAL", "a batch came for a function that is not open"));
  const outcome = await unit.handle(eventsText, timeoutMs);
  if (outcome.kind !== "done") functions.delete(id);
  send({ ...outcome, id });
}
