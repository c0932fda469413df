/**
 * What is asked of other nodes from here: answered at once over the links that they made themselves, or kept until the node is there again.
 *
 *     waiting ─▶ sent: the node may have begun it ─▶ done: its result is on this disk, and the node may forget it
 *        ├─▶ expired: its time was over before the node was ever asked
 *        └─▶ cancelled
 *
 * A request that was sent is asked about until the node says what became of it: it is never sent under another id, so whatever crashes here or there, it is done once or not at all.
 */
import { diagnosisMethods, pieceAnswerSchema, requestAnswerSchema, resultSchema, wantedSchema, bySchema, type AskedBy, type Result, type Wanted, wantedTold } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { errorTable, HolonError, toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Ports, Timer } from "@holon/core/ports.ts";
import { fromBase64 } from "@holon/core/series/base64.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { standingNext, standingText } from "@holon/core/telemetry/standing.ts";
import { createTurns } from "@holon/core/turns.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { CallHandler, Calls } from "../link/calls.ts";

const requestSchema = z.strictObject({
  id: z.string(),
  node: z.string(),
  by: bySchema,
  wanted: wantedSchema,
  askedMs: z.number(),
  expiresMs: z.number(),
  state: z.enum(["waiting", "sent", "done", "expired", "cancelled"]),
  doneMs: z.number().optional(),
  ok: z.boolean().optional(),
  code: z.string().optional(),
  /** Whether the node was told that its result is here. */
  isForgotten: z.boolean().default(false),
});
export type KnownRequest = z.infer<typeof requestSchema>;

export interface Desk {
  /** Asks a node, or this one itself, at once. `HOLON_DIAGNOSIS_AWAY` says how one stands that is known and cannot be reached. */
  now(to: string, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** The same, with the errors of the link. */
  ask(to: string, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  /** A name for one look at a node. */
  session(): string;
  /** Keeps a request on this disk, and hands it over when the node is there; the same of the same person that still waits is answered with that one. `HOLON_DIAGNOSIS_FULL`; `HOLON_NODE_UNKNOWN` where there is no such node. */
  request(node: string, wanted: Wanted, by: AskedBy, forMs: number): Promise<KnownRequest>;
  requests(): readonly KnownRequest[];
  /** What came of it; undefined while nothing did. `HOLON_DIAGNOSIS_GONE`, `HOLON_DIAGNOSIS_EXPIRED`. */
  result(id: string): Result | undefined;
  /** Resolves when something became of it, or after so long. */
  settled(id: string, withinMs: number): Promise<void>;
  /** While the node was not asked yet, or when its time is over. `HOLON_DIAGNOSIS_GONE`. */
  cancel(id: string, by: AskedBy): Promise<void>;
  /** A link opened. */
  look(): void;
  close(): void;
}

export interface DeskOptions {
  readonly self: NodeName;
  readonly log: Log;
  readonly events: Events;
  readonly calls: Calls;
  readonly handlers: ReadonlyMap<string, CallHandler>;
  /** How a node stands as far as is known here; undefined where nothing says that it belongs. Absent: nobody here knows of any. */
  readonly standing?: ((node: string) => Promise<FleetRow | undefined>) | undefined;
  readonly ports: Pick<Ports, "clock" | "random" | "codec" | "crypto" | "trace">;
}

const prefix = "diagnosis/";
const resultCell = (id: string): string => `diagnosis-result/${id}`;
const encoder = new TextEncoder();
const isOpen = ({ state, isForgotten }: KnownRequest): boolean => state === "waiting" || state === "sent" || (state === "done" && !isForgotten);

export function createDesk({ self, log, events, calls, handlers, standing, ports }: DeskOptions): Desk {
  const { clock } = ports;
  const inTurn = createTurns();
  const waiting = new Set<() => void>();
  /** Nodes that are being asked. */
  const busy = new Set<string>();
  /** Nodes of which something failed when they were asked last: when they are tried again, and how long that was. What comes of one that gave no answer is a sign that it is back. */
  const later = new Map<string, Later>();
  let timer: Timer | undefined;
  let soon: Timer | undefined;
  let closed = false;

  /** As they stand in cells: whoever connects makes this node look, and ten thousand may at once. */
  const known = new Map([...log.cells(prefix).values()].map((bytes) => requestSchema.parse(parseJson(bytes))).map((request) => [request.id, request] as const));

  const all = (): readonly KnownRequest[] => [...known.values()].sort((one, other) => one.askedMs - other.askedMs);
  const held = (id: string): KnownRequest => known.get(id) ?? raise(gone(id));

  /** On disk first, then here. */
  async function store(request: KnownRequest, records: readonly NewRecord[] = [], cells: readonly CellChange[] = [], dropped: readonly string[] = []): Promise<void> {
    const change = { key: `${prefix}${request.id}`, value: encoder.encode(JSON.stringify(request)) };
    await log.append({ records, cells: [change, ...cells, ...dropped.flatMap((id) => [{ key: `${prefix}${id}`, value: null }, { key: resultCell(id), value: null }])] });
    known.set(request.id, request);
    for (const id of dropped) known.delete(id);
  }

  const told = (type: string, { id, node, wanted, by }: KnownRequest, data: object = {}): NewRecord => events.record({ stream: "audit", type, class: "public", producer: "diagnosis", subject: id, data: { id, node, wanted: wantedTold(wanted), by, ...data } });
  const changed = (): void => {
    for (const wake of waiting) wake();
  };

  async function ask(to: string, method: string, parameters: unknown, deadlineMs: number): Promise<unknown> {
    if (!isNodeName(to)) throw new HolonError("HOLON_NODE_UNKNOWN", `${to} is no node name`);
    if (to !== self) return calls.call(to, method, parameters, deadlineMs);
    const handler = handlers.get(method);
    if (handler === undefined) throw new HolonError("HOLON_CALL_UNKNOWN", `${to} has no method ${method}`);
    return handler(parameters, self);
  }

  async function now(to: string, method: string, parameters: unknown, deadlineMs: number): Promise<unknown> {
    try {
      return await ask(to, method, parameters, deadlineMs);
    } catch (error) {
      const row = silentCodes.has(toHolonError(error).code) ? await standing?.(to) : undefined;
      if (row === undefined) throw error;
      const above = row.parent === null ? undefined : await standing?.(row.parent);
      throw row.state === "revoked" ? notOurs(row) : new HolonError("HOLON_DIAGNOSIS_AWAY", standingText(row), { cause: error, next: standingNext(row, above) });
    }
  }

  /** What waits for a node that is none would wait for nothing. One that nobody told of here may be behind a way that is open. */
  async function demandNode(node: NodeName): Promise<void> {
    if (node === self || standing === undefined) return;
    const row = await standing(node);
    if (row?.state === "revoked") throw notOurs(row);
    if (row !== undefined) return;
    await reachable(node).catch((error: unknown) => {
      if (toHolonError(error).code === "HOLON_NODE_UNKNOWN") throw new HolonError("HOLON_NODE_UNKNOWN", `${self} knows of no node ${node}`, { cause: error });
    });
  }

  /** One request as far as it goes now. */
  async function advance(id: string): Promise<void> {
    let request = held(id);
    const isLate = clock.wall().ms >= request.expiresMs;
    // A node that never comes back need not be told for ever.
    if (request.state === "done") return isLate ? store({ ...request, isForgotten: true }) : tellDone(request);
    if (!isOpen(request)) return;
    if (request.state === "waiting" && isLate) return end(request, "expired");
    if (request.state === "waiting") {
      // Before the first byte goes: from now on nobody here knows whether it was begun.
      request = { ...request, state: "sent" };
      await reachable(request.node);
      await store(request);
    }
    const answer = requestAnswerSchema.parse(await ask(request.node, diagnosisMethods.request, { id, by: request.by, wanted: request.wanted, mayBegin: !isLate }, diagnosisBounds.askMs));
    if (answer.state === "unknown") return end(request, "expired");
    if (answer.state === "running") return advance(id);
    await finish(request, await fetchResult(request, answer));
  }

  /** A question that changes nothing: where nobody answers, the request was not sent. */
  async function reachable(node: string): Promise<void> {
    await ask(node, diagnosisMethods.request, { id: "0".repeat(16), by: nobody(self), wanted: { kind: "report" }, mayBegin: false }, diagnosisBounds.askMs);
  }

  async function fetchResult({ id, node }: KnownRequest, { sizeBytes, hash }: { readonly sizeBytes: number; readonly hash: string }): Promise<Uint8Array> {
    if (sizeBytes > diagnosisBounds.resultBytesMax) throw new HolonError("HOLON_CALL_TOO_LARGE", `${node} would answer ${id} with ${sizeBytes} bytes`);
    const bytes = new Uint8Array(sizeBytes);
    for (let offset = 0; offset < sizeBytes; ) {
      const piece = fromBase64(pieceAnswerSchema.parse(await ask(node, diagnosisMethods.piece, { id, offset }, diagnosisBounds.askMs)).base64);
      if (piece.length === 0 || offset + piece.length > sizeBytes) throw new HolonError("HOLON_FRAME_BAD", `${node} sends another result of ${id} than it said`);
      bytes.set(piece, offset);
      offset += piece.length;
    }
    if (toHex(ports.crypto.sha256(bytes)) !== hash) throw new HolonError("HOLON_FRAME_BAD", `the result of ${id} is not what ${node} said`);
    return bytes;
  }

  /** `isForgotten`: the node holds nothing of it. */
  async function finish(request: KnownRequest, bytes: Uint8Array, isForgotten = false): Promise<void> {
    const result = readResult(bytes);
    const done: KnownRequest = { ...request, state: "done", isForgotten, doneMs: clock.wall().ms, ok: result.ok, ...(result.ok ? {} : { code: result.error.code }) };
    await store(done, [told("holon.diagnosis.answered", done, { ok: result.ok, ...(result.ok ? {} : { code: result.error.code }), sizeBytes: bytes.length, hash: toHex(ports.crypto.sha256(bytes)) })], [{ key: resultCell(request.id), value: bytes }], oldest());
    changed();
    if (!isForgotten) await tellDone(done);
  }

  async function tellDone(request: KnownRequest): Promise<void> {
    await ask(request.node, diagnosisMethods.forget, { id: request.id }, diagnosisBounds.askMs);
    if (known.has(request.id)) await store({ ...request, isForgotten: true });
  }

  async function end(request: KnownRequest, state: "expired" | "cancelled", by?: AskedBy): Promise<void> {
    const type = state === "expired" ? "holon.diagnosis.expired" : "holon.diagnosis.cancelled";
    await store({ ...request, state, doneMs: clock.wall().ms, isForgotten: true }, [told(type, request, by === undefined ? {} : { by })], [], oldest());
    changed();
  }

  /** The oldest of those that are over make room. */
  function oldest(): readonly string[] {
    const over = all().filter((request) => !isOpen(request));
    return over.slice(0, Math.max(0, over.length + 1 - diagnosisBounds.doneMax)).map(({ id }) => id);
  }

  const refusal = (error: { readonly code: string; readonly message: string; readonly next: string }): Uint8Array => ports.codec.compress(encoder.encode(JSON.stringify({ ok: false, error })));

  function readResult(bytes: Uint8Array): Result {
    return resultSchema.parse(parseJson(ports.codec.decompress(bytes, 2 * diagnosisBounds.resultBytesMax)));
  }

  /** Of each node one request at a time, in the order in which they came. */
  async function serve(node: string, ids: readonly string[]): Promise<void> {
    if (busy.has(node)) return;
    busy.add(node);
    try {
      let worst: Outcome = "well";
      for (const id of ids) {
        const outcome = await advanced(id);
        if (outcome !== "well") worst = outcome;
        if (outcome === "silent" || outcome === "busy") break; // then nothing else of it needs to be tried
      }
      if (worst !== "well") return putOff(node, worst === "silent");
      later.delete(node);
      if (all().some((request) => request.node === node && isOpen(request) && !ids.includes(request.id))) clock.after(0, look); // came meanwhile
    } finally {
      busy.delete(node);
    }
  }

  /** A try costs a call on each link on the way, and links have budgets. */
  function putOff(node: string, isSilent: boolean): void {
    const waitMs = Math.min(diagnosisBounds.tryMsMax, 2 * (later.get(node)?.waitMs ?? diagnosisBounds.tryMs / 2));
    const nowMs = clock.monotonicMs();
    later.set(node, { againMs: nowMs + waitMs, soonestMs: nowMs + diagnosisBounds.tryMs, waitMs, isSilent });
  }

  const unsubscribe = log.onCommit(({ lanes }) => {
    if (later.size === 0) return;
    let isDue = false;
    for (const { origin } of lanes) {
      const put = later.get(origin);
      if (put === undefined || !put.isSilent || put.againMs <= put.soonestMs) continue;
      later.set(origin, { ...put, againMs: put.soonestMs }); // how long it waits when it fails again stays
      isDue ||= put.soonestMs <= clock.monotonicMs();
    }
    if (isDue) lookSoon();
  });

  async function advanced(id: string): Promise<Outcome> {
    try {
      await advance(id);
      return "well";
    } catch (error) {
      const { code, message } = toHolonError(error);
      if (closed || silentCodes.has(code)) return "silent";
      if (busyCodes.has(code)) return "busy";
      const request = known.get(id);
      ports.trace.note("warn", `request ${id} of ${request?.node ?? "nobody"}: ${message}`, { code });
      // It was not begun, and will not be.
      if (request?.state === "waiting" && deniedCodes.has(code)) {
        await finish(request, refusal({ code, message, next: errorTable.HOLON_CALL_DENIED.next }), true);
        return "well";
      }
      // It was done, and whoever has its result is not this disk: a backup that was put back, say.
      if (request?.state !== "sent" || code !== "HOLON_DIAGNOSIS_GONE") return "failed";
      await finish(request, refusal({ code, message, next: "Ask again, if it may be done twice." }), true);
      return "well";
    }
  }

  const isIdle = (): boolean => closed || ![...known.values()].some(isOpen);

  function look(): void {
    timer?.cancel();
    soon?.cancel();
    soon = undefined;
    if (closed) return;
    const byNode = new Map<string, string[]>();
    for (const request of all().filter(isOpen)) byNode.set(request.node, [...(byNode.get(request.node) ?? []), request.id]);
    const nowMs = clock.monotonicMs();
    for (const node of later.keys()) if (!byNode.has(node)) later.delete(node);
    for (const [node, ids] of byNode) if ((later.get(node)?.againMs ?? 0) <= nowMs) void serve(node, ids).catch((error: unknown) => ports.trace.note("warn", `requests: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
    timer = byNode.size === 0 ? undefined : clock.after(diagnosisBounds.tryMs, look);
  }

  /** Those who connect at about the same time are one occasion. */
  const lookSoon = (): void => void (soon ??= isIdle() ? undefined : clock.after(soonMs, look));

  look();
  return {
    now,
    ask,
    session: () => toHex(ports.random.bytes(8)),
    requests: all,
    async request(node, wanted, by, forMs) {
      if (!isNodeName(node)) throw new HolonError("HOLON_NODE_UNKNOWN", `${node} is no node name`);
      await demandNode(node);
      const request = await inTurn(async () => {
        const open = all().filter(isOpen);
        const spanMs = Math.min(forMs, diagnosisBounds.expiryMsMax);
        const nowMs = clock.wall().ms;
        const before = open.find((other) => other.node === node && isSame(other, wanted, by) && other.expiresMs - other.askedMs >= spanMs && other.expiresMs - nowMs >= spanMs / 2);
        if (before !== undefined) return before;
        const ofNode = open.filter((other) => other.node === node).length;
        if (open.length >= diagnosisBounds.waitingMax || ofNode >= diagnosisBounds.waitingOfNodeMax) throw new HolonError("HOLON_DIAGNOSIS_FULL", `${open.length} requests wait here, ${ofNode} of them for ${node}`);
        const asked: KnownRequest = { id: toHex(ports.random.bytes(8)), node, by, wanted, askedMs: nowMs, expiresMs: nowMs + spanMs, state: "waiting", isForgotten: false };
        await store(asked, [told("holon.diagnosis.asked", asked, { expiresAt: isoTime(asked.expiresMs) })]);
        return asked;
      });
      later.delete(node);
      look();
      return request;
    },
    result(id) {
      const { state, node } = held(id);
      if (state === "expired") throw new HolonError("HOLON_DIAGNOSIS_EXPIRED", `${node} was not there before the end of ${id}`);
      const bytes = log.cell(resultCell(id));
      if (bytes !== undefined) return readResult(bytes);
      if (state === "waiting" || state === "sent") return undefined;
      throw gone(id);
    },
    settled(id, withinMs) {
      return new Promise((resolve) => {
        const done = (): void => {
          const state = known.get(id)?.state;
          if (state !== "waiting" && state !== "sent") finishWait();
        };
        const finishWait = (): void => {
          wait.cancel();
          waiting.delete(done);
          resolve();
        };
        const wait = clock.after(withinMs, finishWait);
        waiting.add(done);
        done();
      });
    },
    cancel: (id, by) =>
      inTurn(async () => {
        const request = held(id);
        // What was sent to a node that is gone for good is given up by whoever says so, when its time is over.
        const isGivenUp = request.state === "sent" && clock.wall().ms >= request.expiresMs;
        if ((request.state !== "waiting" && !isGivenUp) || busy.has(request.node)) throw new HolonError("HOLON_DIAGNOSIS_GONE", `${id} is ${request.state}: ${request.node} may be at it`);
        await end(request, "cancelled", by);
      }),
    look() {
      for (const [node, put] of later) later.set(node, { ...put, againMs: 0 }); // who is behind the link that opened, nobody knows yet
      lookSoon();
    },
    close() {
      closed = true;
      timer?.cancel();
      soon?.cancel();
      unsubscribe();
    },
  };
}

const soonMs = 100;

interface Later {
  readonly againMs: number;
  /** Not before that, whatever comes of it. */
  readonly soonestMs: number;
  readonly waitMs: number;
  readonly isSilent: boolean;
}

/** What came of one request: the node gave no answer, it takes nothing now, or this one alone failed. */
type Outcome = "well" | "silent" | "busy" | "failed";
/** What a link says that is down, or a node that is. */
const silentCodes: ReadonlySet<string> = new Set(["HOLON_NODE_UNKNOWN", "HOLON_LINK_UNREACHABLE", "HOLON_CALL_TIMEOUT"]);
const busyCodes: ReadonlySet<string> = new Set(["HOLON_CALL_BUSY", "HOLON_LOG_CLOSED", "HOLON_DISK_FULL"]);
/** It will be said again, however often it is asked. */
const deniedCodes: ReadonlySet<string> = new Set(["HOLON_CALL_DENIED", "HOLON_POLICY_DENIED"]);

/** Who is away is asked again and again by whoever looks for a fault: it waits once, and is done once. A log that is asked for from an earlier time holds what is wanted. */
function isSame({ state, ...before }: KnownRequest, wanted: Wanted, by: AskedBy): boolean {
  if (state !== "waiting" || canonicalJson(before.by) !== canonicalJson(by)) return false;
  if (before.wanted.kind !== "logs" || wanted.kind !== "logs") return canonicalJson(before.wanted) === canonicalJson(wanted);
  const [had, wants] = [before.wanted, wanted].map(({ since, ...what }) => ({ what: canonicalJson(what), sinceMs: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since) }));
  return had !== undefined && wants !== undefined && had.what === wants.what && had.sinceMs <= wants.sinceMs;
}

const notOurs = (row: FleetRow): HolonError => new HolonError("HOLON_NODE_UNKNOWN", standingText(row), { next: standingNext(row) });
const nobody = (self: NodeName): AskedBy => ({ principal: "token nobody", role: "none", at: self });
const gone = (id: string): HolonError => new HolonError("HOLON_DIAGNOSIS_GONE", `no request ${id} is known here`);

function raise(error: HolonError): never {
  throw error;
}
