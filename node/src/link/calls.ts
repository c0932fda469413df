/** Calls over links: a bounded request and its answer, with a deadline; forwarded towards the node they are for. */
import { HolonError, isErrorCode, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson, type CallFrame } from "@holon/core/link/frame.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Peer } from "./peer.ts";

export type CallHandler = (parameters: unknown, from: NodeName) => Promise<unknown>;

export interface CallsOptions {
  readonly self: NodeName;
  readonly clock: Clock;
  /** The peer that leads to a node, other than the one a call came from; `undefined` if none does. */
  route(to: NodeName, from: Peer | undefined): Peer | undefined;
  readonly handlers: ReadonlyMap<string, CallHandler>;
}

export interface Calls {
  /** `HOLON_CALL_TIMEOUT`, `HOLON_NODE_UNKNOWN`, or the error that the other node answered. */
  call(to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** The same to the node at the other end of a link, whatever the routes say. */
  callPeer(peer: Peer, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  receive(frame: CallFrame, from: Peer): void;
  /** The peer is gone: what waited for it fails at once. */
  lost(peer: Peer): void;
}

interface Waiting {
  readonly peer: Peer;
  readonly timer: Timer;
  settle(ok: boolean, payload: Uint8Array): void;
  fail(error: HolonError): void;
}

const encoder = new TextEncoder();
const errorSchema = z.object({ code: z.string(), message: z.string() });

export function createCalls(options: CallsOptions): Calls {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;

  function ask(peer: Peer, header: { to: NodeName; method: string; deadlineMs: number }, payload: Uint8Array, answer: Pick<Waiting, "settle" | "fail">): void {
    if (waiting.size >= limits.callsPendingMax) return answer.fail(new HolonError("HOLON_CALL_TIMEOUT", `too many calls wait on ${options.self}`));
    if (payload.length > limits.callBytesMax) return answer.fail(new HolonError("HOLON_ARGUMENT_BAD", `the call ${header.method} carries ${payload.length} bytes; the limit is ${limits.callBytesMax}`));
    const id = nextId++;
    const timer = options.clock.after(header.deadlineMs, () => {
      waiting.delete(id);
      peer.send({ kind: "call", header: { op: "cancel", id } });
      answer.fail(new HolonError("HOLON_CALL_TIMEOUT", `${header.to} did not answer ${header.method} within ${header.deadlineMs} ms`));
    });
    waiting.set(id, { peer, timer, ...answer });
    peer.send({ kind: "call", header: { op: "request", id, ...header }, payload });
  }

  async function serve(header: Extract<CallFrame["header"], { op: "request" }>, payload: Uint8Array, from: Peer): Promise<unknown> {
    const to = header.to as NodeName; // the frame's schema has checked it
    if (to === options.self) {
      const handler = options.handlers.get(header.method);
      if (handler === undefined) throw new HolonError("HOLON_CALL_UNKNOWN", `${to} has no method ${header.method}`);
      return handler(payload.length === 0 ? undefined : parseJson(payload), from.name);
    }
    const next = options.route(to, from);
    if (next === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `${options.self} knows no way to ${to}`);
    return new Promise((resolve, reject) => {
      ask(next, { to, method: header.method, deadlineMs: header.deadlineMs }, payload, { settle: (ok, bytes) => (ok ? resolve(parseAnswer(bytes)) : reject(errorOf(bytes))), fail: reject });
    });
  }

  const callVia = (peer: Peer, to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const payload = parameters === undefined ? new Uint8Array(0) : encoder.encode(JSON.stringify(parameters));
      ask(peer, { to, method, deadlineMs }, payload, { settle: (ok, bytes) => (ok ? resolve(parseAnswer(bytes)) : reject(errorOf(bytes))), fail: reject });
    });

  return {
    call: (to, method, parameters, deadlineMs) => {
      const peer = options.route(to, undefined);
      if (peer === undefined) return Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", `${options.self} knows no way to ${to}`));
      return callVia(peer, to, method, parameters, deadlineMs);
    },
    callPeer: (peer, method, parameters, deadlineMs) => callVia(peer, peer.name, method, parameters, deadlineMs),
    receive(frame, from) {
      const header = frame.header;
      if (header.op === "request") {
        const answer = (ok: boolean, value: unknown): void =>
          from.send({ kind: "call", header: { op: "answer", id: header.id, ok }, payload: encoder.encode(JSON.stringify(value ?? null)) });
        serve(header, frame.payload, from).then(
          (value) => answer(true, value),
          (error: unknown) => answer(false, toHolonError(error).toJSON()),
        );
      } else if (header.op === "answer") {
        const asked = waiting.get(header.id);
        if (asked === undefined || asked.peer !== from) return; // its deadline has passed
        waiting.delete(header.id);
        asked.timer.cancel();
        asked.settle(header.ok, frame.payload);
      }
    },
    lost(peer) {
      for (const [id, asked] of waiting) {
        if (asked.peer !== peer) continue;
        waiting.delete(id);
        asked.timer.cancel();
        asked.fail(new HolonError("HOLON_LINK_UNREACHABLE", `the link to ${peer.name} broke before it answered`));
      }
    },
  };
}

const parseAnswer = (bytes: Uint8Array): unknown => parseJson(bytes);

function errorOf(bytes: Uint8Array): HolonError {
  const parsed = errorSchema.safeParse(parseJson(bytes));
  if (!parsed.success) return new HolonError("HOLON_FRAME_BAD", "a call was answered with an error that has no code");
  const code: ErrorCode = isErrorCode(parsed.data.code) ? parsed.data.code : "HOLON_INTERNAL";
  return new HolonError(code, parsed.data.message);
}
