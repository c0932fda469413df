/** Calls over links: a bounded request and its answer, with a deadline; forwarded towards the node they are for. */
import { HolonError, isErrorCode, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson, type CallFrame } from "@holon/core/link/frame.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Peer } from "./peer.ts";
import { settleable } from "./settleable.ts";

/** `deadlineMs`: how long whoever asks waits. */
export type CallHandler = (parameters: unknown, from: NodeName, deadlineMs?: number) => Promise<unknown>;

export interface CallsOptions {
  readonly self: NodeName;
  readonly clock: Clock;
  /** The peer that leads to a node, other than the one a call came from; `undefined` if none does. */
  route(to: NodeName, from: Peer | undefined): Peer | undefined;
  /** This node's own way up, if it is open. */
  above(): Pick<Peer, "name"> | undefined;
  readonly handlers: ReadonlyMap<string, CallHandler>;
  /** Resolves when so much may go to the peer without being in anybody's way, or when nobody waits for it any more. */
  room?(peer: Peer, bytes: number, isOver: () => boolean): Promise<void>;
  /** A peer asked for what it has no business with. */
  denied?(peer: NodeName, error: HolonError): void;
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
  /** Of the node and the method, for people. */
  readonly what: string;
  resolve(value: unknown): void;
  reject(error: HolonError): void;
}

/** Methods between two ends of a link: of a site, of identity, of what sites share, of models, of requests that functions answer, of orders for devices, of clocks, and of children that were lost. */
const betweenNeighbours = /^(?:site|identity|shared|model|request|order|clock|child)\./;
/** Methods that a node answers to whom stands above it. */
const fromAbove = /^(?:status\.|state\.|diagnosis\.|plan\.held$)/;
/** Answers that wait for room on the way up, behind everything that is not for people. */
const patient = /^diagnosis\./;
/** What looks like an attempt, and not like a node that is busy, older or not there. */
const denials: ReadonlySet<ErrorCode> = new Set(["HOLON_CALL_DENIED", "HOLON_SIBLING_UNKNOWN", "HOLON_IDENTITY_SERIES", "HOLON_IDENTITY_UNTRUSTED"]);
const encoder = new TextEncoder();
const errorSchema = z.object({ code: z.string(), message: z.string() });
const nothing = new Uint8Array(0);

export function createCalls(options: CallsOptions): Calls {
  const waiting = new Map<number, Waiting>();
  /** Calls of each peer that are being answered. */
  const served = new Map<Peer, number>();
  let nextId = 1;

  /** Sends one request; its promise settles at the deadline at the latest. */
  function ask(peer: Peer, { to, method, deadlineMs: wantedMs }: { to: NodeName; method: string; deadlineMs: number }, payload: Uint8Array): Promise<unknown> {
    if (waiting.size >= limits.callsPendingMax) return Promise.reject(new HolonError("HOLON_CALL_BUSY", `too many calls wait on ${options.self}`));
    if (payload.length > limits.callBytesMax) return Promise.reject(tooLarge(`the call ${method}`, payload.length));
    const id = nextId++;
    const deadlineMs = Math.min(wantedMs, limits.callDeadlineMsMax);
    const { promise, resolve, reject } = settleable<unknown>();
    const timer = options.clock.after(deadlineMs, () => {
      waiting.delete(id);
      peer.send({ kind: "call", header: { op: "cancel", id } });
      reject(new HolonError("HOLON_CALL_TIMEOUT", `${to} did not answer ${method} within ${deadlineMs} ms`));
    });
    waiting.set(id, { peer, timer, what: `${to} on ${method}`, resolve, reject });
    peer.send({ kind: "call", header: { op: "request", id, to, method, deadlineMs }, payload });
    return promise;
  }

  async function answerOf(header: Extract<CallFrame["header"], { op: "request" }>, payload: Uint8Array, from: Peer): Promise<unknown> {
    const to = header.to as NodeName; // the frame's schema has checked it
    if (to === options.self) {
      const handler = options.handlers.get(header.method);
      if (handler === undefined) throw new HolonError("HOLON_CALL_UNKNOWN", `${to} has no method ${header.method}`);
      return handler(payload.length === 0 ? undefined : parseJson(payload), from.name, header.deadlineMs);
    }
    // Who answers one of these judges the neighbour that asks: passed on, it would be asked in this node's name.
    if (betweenNeighbours.test(header.method)) throw new HolonError("HOLON_CALL_DENIED", `${from.name} asks ${options.self} to ask ${to} for ${header.method}, which only neighbours may`);
    // Its child would take it for a question of this node, which stands above it.
    if (fromAbove.test(header.method) && from.name !== options.above()?.name) throw new HolonError("HOLON_CALL_DENIED", `${from.name} asks ${options.self} to ask ${to} for ${header.method}, and does not stand above ${options.self}`);
    const next = options.route(to, from);
    if (next === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `${options.self} knows no way to ${to}`);
    return ask(next, { to, method: header.method, deadlineMs: header.deadlineMs }, payload);
  }

  /** Answers once: with what the handler gave, or why it gave nothing. After the deadline nobody waits for it. */
  function serve(header: Extract<CallFrame["header"], { op: "request" }>, payload: Uint8Array, from: Peer): void {
    const answer = (ok: boolean, bytes: Uint8Array): void => from.send({ kind: "call", header: { op: "answer", id: header.id, ok }, payload: bytes });
    const refuse = (error: unknown): void => {
      const coded = toHolonError(error);
      if (denials.has(coded.code)) options.denied?.(from.name, coded);
      answer(false, encode(coded.toJSON()));
    };
    const count = served.get(from) ?? 0;
    if (count >= limits.callsPendingMax) return refuse(new HolonError("HOLON_CALL_BUSY", `${options.self} answers ${count} calls of ${from.name} already`));
    served.set(from, count + 1);
    let isOver = false;
    const over = (): boolean => {
      if (isOver) return false;
      isOver = true;
      timer.cancel();
      const left = (served.get(from) ?? 1) - 1;
      if (left > 0) served.set(from, left);
      else served.delete(from);
      return true;
    };
    const timer = options.clock.after(Math.min(header.deadlineMs, limits.callDeadlineMsMax), over);
    answerOf(header, payload, from)
      .then((value) => sized(encode(value ?? null), header.method))
      .then(async (bytes) => {
        if (patient.test(header.method)) await options.room?.(from, bytes.length, () => isOver);
        return bytes;
      })
      .then((bytes) => over() && answer(true, bytes), (error: unknown) => over() && refuse(error));
  }

  const callVia = (peer: Peer, to: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown> =>
    ask(peer, { to, method, deadlineMs }, parameters === undefined ? nothing : encode(parameters));

  return {
    call: (to, method, parameters, deadlineMs) => {
      const peer = options.route(to, undefined);
      if (peer === undefined) return Promise.reject(new HolonError("HOLON_NODE_UNKNOWN", `${options.self} knows no way to ${to}`));
      return callVia(peer, to, method, parameters, deadlineMs);
    },
    callPeer: (peer, method, parameters, deadlineMs) => callVia(peer, peer.name, method, parameters, deadlineMs),
    receive(frame, from) {
      const header = frame.header;
      if (header.op === "request") serve(header, frame.payload, from);
      else if (header.op === "answer") {
        const asked = waiting.get(header.id);
        if (asked === undefined || asked.peer !== from) return; // its deadline has passed
        waiting.delete(header.id);
        asked.timer.cancel();
        settle(asked, header.ok, frame.payload);
      }
    },
    lost(peer) {
      served.delete(peer);
      for (const [id, asked] of waiting) {
        if (asked.peer !== peer) continue;
        waiting.delete(id);
        asked.timer.cancel();
        asked.reject(new HolonError("HOLON_LINK_UNREACHABLE", `the link to ${peer.name} broke before it answered`));
      }
    },
  };
}

/** Whatever stands in the answer, the promise settles. */
function settle(asked: Waiting, ok: boolean, payload: Uint8Array): void {
  try {
    const value = parseJson(payload);
    if (ok) asked.resolve(value);
    else asked.reject(errorOf(value, asked.what));
  } catch (cause) {
    asked.reject(new HolonError("HOLON_FRAME_BAD", `the answer of ${asked.what} is no JSON`, { cause }));
  }
}

const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

function sized(bytes: Uint8Array, method: string): Uint8Array {
  if (bytes.length > limits.callBytesMax) throw tooLarge(`the answer to ${method}`, bytes.length);
  return bytes;
}

const tooLarge = (what: string, bytes: number): HolonError => new HolonError("HOLON_CALL_TOO_LARGE", `${what} has ${bytes} bytes; the limit is ${limits.callBytesMax}`);

function errorOf(value: unknown, what: string): HolonError {
  const parsed = errorSchema.safeParse(value);
  if (!parsed.success) return new HolonError("HOLON_FRAME_BAD", `the answer of ${what} is an error without a code`);
  const code: ErrorCode = isErrorCode(parsed.data.code) ? parsed.data.code : "HOLON_INTERNAL";
  return new HolonError(code, parsed.data.message);
}
