/**
 * Calls that are made once: the same call with the same `Idempotency-Key`, of the same caller, is answered as the first time and not made again.
 *
 * Before the call its key is written, and after it its answer, each on disk before it goes on. So a call that was cut off in the middle is never made a second time by itself: its end is
 * unknown, and the answer says so. A call that fails leaves its key free. What is shown once (tokens) is not kept: the second call is told only that the first was made.
 */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import type { Route, RouteAnswer, RouteRequest } from "@holon/core/api/route.ts";
import { withoutSecrets } from "@holon/core/api/without-secrets.ts";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Log } from "@holon/core/log/log.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Clock, Crypto } from "@holon/core/ports.ts";
import { z } from "zod";

const prefix = "idempotency/";
const keptSchema = z.strictObject({
  /** Of method, path and body, without what is secret in it: whether two passwords are the same is asked nobody here. */
  call: z.string(),
  /** Who made it; without it of a time when that was not kept. */
  by: z.string().optional(),
  atMs: z.number(),
  /** Undefined while nobody knows how it ended; `answer` undefined where it is not kept. */
  done: z.strictObject({ status: z.int(), answer: z.unknown().optional(), version: z.string().optional(), isKept: z.boolean() }).optional(),
});
type Kept = z.infer<typeof keptSchema>;

export interface IdempotencyHost {
  readonly log: Pick<Log, "append" | "cell" | "cells">;
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto };
}

const encoder = new TextEncoder();

/** Tokens are many; who made them is one. */
const ownerOf = ({ principal, maker }: Caller): string => printPrincipal(maker === undefined ? principal : { kind: "person", name: maker.name });

export function idempotentRoutes(routes: readonly Route[], { log, ports: { clock, crypto } }: IdempotencyHost): readonly Route[] {
  const open = new Set<string>();
  const hash = (value: unknown): string => toHex(crypto.sha256(encoder.encode(canonicalJson(value))));
  const write = (key: string, kept: Kept | null) => log.append({ cells: [...(kept !== null && kept.done === undefined ? overdue(kept.by) : []), { key, value: kept === null ? null : encoder.encode(canonicalJson(kept)) }] });

  /** Old keys; and where there are too many, the oldest of whoever has the most, so that nobody pushes out another's. A clock that goes back makes none older. */
  function overdue(by = "") {
    const nowMs = clock.wall().ms;
    const rows = [...log.cells(prefix)].map(([key, bytes]) => ({ ...keptSchema.parse(parseJson(bytes)), key })).sort((a, b) => a.atMs - b.atMs);
    const counts = new Map([[by, 1]]);
    for (const { by: other = "" } of rows) counts.set(other, (counts.get(other) ?? 0) + 1);
    const most = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))[0];
    const excess = rows.length - limits.idempotencyKeysMax + 1;
    const pushedOut = new Set(rows.filter(({ key, by: other = "" }) => other === most && !open.has(key)).slice(0, Math.max(0, excess)));
    return rows.filter((row) => !open.has(row.key) && (pushedOut.has(row) || nowMs - row.atMs > limits.idempotencyMs)).map(({ key }) => ({ key, value: null }));
  }

  async function once(route: Route, request: RouteRequest, idempotencyKey: string): Promise<RouteAnswer> {
    const caller = request.caller ?? machineCaller;
    const key = prefix + hash([printPrincipal(caller.principal), idempotencyKey]);
    const body = withoutSecrets(route, request.body);
    const call = hash([route.method, route.path, request.params, request.query, body instanceof Uint8Array ? toHex(crypto.sha256(body)) : (body ?? null)]);
    const bytes = log.cell(key);
    const held = bytes === undefined ? undefined : keptSchema.parse(parseJson(bytes));
    if (open.has(key)) throw new HolonError("HOLON_IDEMPOTENCY_OPEN", "a call with this idempotency key is being made");
    if (held !== undefined && clock.wall().ms - held.atMs <= limits.idempotencyMs) return again(held, call);
    open.add(key);
    try {
      const begun = { call, by: ownerOf(caller), atMs: clock.wall().ms };
      await write(key, begun);
      const given = await route.handle(request).catch(async (error: unknown) => {
        await write(key, null);
        throw error;
      });
      const { status, version } = given;
      const text = route.answeredOnce === true || given.body instanceof Uint8Array ? undefined : JSON.stringify(given.body);
      const isKept = text !== undefined && text.length <= limits.idempotencyAnswerBytesMax;
      await write(key, { ...begun, done: { status, isKept, ...(isKept ? { answer: JSON.parse(text) } : {}), ...(version === undefined ? {} : { version }) } });
      return given;
    } finally {
      open.delete(key);
    }
  }

  function again({ call: first, done }: Kept, call: string): RouteAnswer {
    if (first !== call) throw new HolonError("HOLON_IDEMPOTENCY_OTHER", "the idempotency key was used for another call");
    if (done === undefined) throw new HolonError("HOLON_IDEMPOTENCY_OPEN", "a call with this idempotency key was begun, and how it ended is not known");
    if (!done.isKept) throw new HolonError("HOLON_IDEMPOTENCY_OTHER", "the call with this idempotency key was made, and its answer is kept nowhere", { next: "Look at what it has made; for another call use a new key." });
    return { status: done.status, body: done.answer, ...(done.version === undefined ? {} : { version: done.version }), headers: { "idempotent-replayed": "true" } };
  }

  return routes.map((route) => {
    if (route.method === "GET" || route.open === true) return route;
    return { ...route, handle: (request) => (request.idempotencyKey === undefined ? route.handle(request) : once(route, request, request.idempotencyKey)) };
  });
}
