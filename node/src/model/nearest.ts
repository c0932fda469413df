/**
 * Who is asked about what a model here is not sure of: of the siblings that have the model and whom stands above, the nearest by what was measured. One that does not answer in its part of the
 * time is passed over, and rests. Siblings answer for themselves alone; whom stands above passes on what it does not have.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { inOrder, smoothed, tryMs, type Replica } from "@holon/core/run/replicas.ts";
import { z } from "zod";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { answerMethod, type ModelRequest } from "./answer.ts";

export interface NearestOptions {
  readonly calls: Pick<Calls, "callPeer">;
  readonly handlers: Map<string, CallHandler>;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Siblings that are reached now. */
  siblings(): readonly Peer[];
  above(): Peer | undefined;
  /** Whether this node answers for the model. */
  answers(model: string): boolean;
}

export interface Nearest {
  /** `may`: whether the rows may go there; asked before each of them. Fails as the last that was asked. */
  ask(request: ModelRequest, deadlineMs: number, may: (place: "above" | "beside") => Promise<boolean>): Promise<unknown>;
}

const hasMethod = "model.has";
const hasSchema = z.strictObject({ model: z.string().min(1).max(256) });
const hasAnswerSchema = z.strictObject({ answers: z.boolean() });
/** Whom stands above may have to pass it on. */
const hops = { beside: 1, above: 2 } as const;

interface Row {
  /** Of a sibling; undefined: not known yet. */
  answers: boolean | undefined;
  lookedMs: number;
  latencyMs: number | undefined;
  failures: number;
  failedMs: number;
  /** Known only of one that does not. */
  takesTraces?: false;
}

export function createNearest({ calls, handlers, clock, siblings, above, answers }: NearestOptions): Nearest {
  const rows = new Map<string, Row>();
  handlers.set(hasMethod, (parameters) => Promise.resolve({ answers: answers(hasSchema.parse(parameters).model) }));

  function rowOf(peer: Peer, model: string): Row {
    const key = `${peer.name} ${model}`;
    const row = rows.get(key) ?? { answers: undefined, lookedMs: Number.NEGATIVE_INFINITY, latencyMs: undefined, failures: 0, failedMs: 0 };
    if (!rows.has(key) && rows.size >= limits.modelPlacesMax) rows.clear();
    rows.set(key, row);
    return row;
  }

  /** Nobody waits for it: the next question finds what it found. */
  function look(peer: Peer, model: string): void {
    const row = rowOf(peer, model);
    const nowMs = clock.monotonicMs();
    if (nowMs - row.lookedMs < limits.modelHasMs) return;
    row.lookedMs = nowMs;
    calls.callPeer(peer, hasMethod, { model }, limits.modelHasMs).then(
      (answer) => {
        row.answers = hasAnswerSchema.safeParse(answer).data?.answers === true;
        row.latencyMs ??= clock.monotonicMs() - nowMs;
      },
      () => (row.answers = false), // away, or a node of before
    );
  }

  function order(model: string): readonly (Replica & { readonly peer: Peer; readonly place: "above" | "beside" })[] {
    const up = above();
    const beside = siblings().filter((peer) => peer.name !== up?.name);
    for (const peer of beside) look(peer, model);
    const places = [...beside.filter((peer) => rowOf(peer, model).answers === true).map((peer) => ({ peer, place: "beside" as const })), ...(up === undefined ? [] : [{ peer: up, place: "above" as const }])];
    const replicas = places.map(({ peer, place }) => ({ node: peer.name, hops: hops[place], peer, place, ...rowOf(peer, model) }));
    return inOrder(replicas, clock.monotonicMs()).flatMap(({ node }) => replicas.find((one) => one.node === node) ?? []);
  }

  /** A node of before does not know what a trace is, and refuses the question with it. */
  async function put(peer: Peer, row: Row, { traceparent, ...plain }: ModelRequest, waitMs: number): Promise<unknown> {
    if (traceparent === undefined || row.takesTraces === false) return calls.callPeer(peer, answerMethod, plain, waitMs);
    const startedMs = clock.monotonicMs();
    try {
      return await calls.callPeer(peer, answerMethod, { ...plain, traceparent }, waitMs);
    } catch (error) {
      if (toHolonError(error).code !== "HOLON_MODEL_INPUT_BAD") throw error;
      const answer = await calls.callPeer(peer, answerMethod, plain, Math.max(1, waitMs - (clock.monotonicMs() - startedMs)));
      row.takesTraces = false;
      return answer;
    }
  }

  async function askOne({ peer, place }: { readonly peer: Peer; readonly place: "above" | "beside" }, request: ModelRequest, waitMs: number): Promise<unknown> {
    const row = rowOf(peer, request.model);
    const startedMs = clock.monotonicMs();
    try {
      const answer = await put(peer, row, place === "beside" ? { ...request, only: true } : request, waitMs);
      row.failures = 0;
      row.latencyMs = smoothed(row.latencyMs, clock.monotonicMs() - startedMs);
      return answer;
    } catch (error) {
      if (toHolonError(error).code === "HOLON_MODEL_MISSING") row.answers = false;
      else [row.failures, row.failedMs] = [row.failures + 1, clock.monotonicMs()];
      throw error;
    }
  }

  return {
    async ask(request, deadlineMs, may) {
      const untilMs = clock.monotonicMs() + deadlineMs;
      const places = order(request.model);
      let last = new HolonError("HOLON_LINK_UNREACHABLE", `nobody is reached that answers for model ${request.model}`);
      for (const [index, place] of places.entries()) {
        const leftMs = untilMs - clock.monotonicMs();
        if (leftMs <= 0) break;
        try {
          if (!(await may(place.place))) throw new HolonError("HOLON_POLICY_DENIED", `no rows for model ${request.model} may go to ${place.node}`);
          return await askOne(place, request, tryMs(leftMs, places.length - index - 1, place));
        } catch (error) {
          last = toHolonError(error);
        }
      }
      throw last;
    },
  };
}
