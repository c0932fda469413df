/**
 * Where a request is answered: here, or on the nearest node that is well. One that is dead or slow is passed over within the deadline; the asker gets one answer, the first.
 * Only neighbours are asked, and go on from there: so the guard of each node on the way decides on what goes through it, there and back.
 *
 * A `POST` that may have been taken in by one node is not given to another: only those that did not take it are passed over.
 */
import { HolonError, toHolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Clock, Random } from "@holon/core/ports.ts";
import { isLowered } from "@holon/core/policy/lowering.ts";
import { planMethods } from "@holon/core/schema/node-report.ts";
import { inOrder, smoothed, tryMs, type Replica } from "@holon/core/run/replicas.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import { dataClassSchema, type DataClass } from "@holon/core/schema/event.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import type { Guard } from "../policy/guard.ts";
import type { FunctionAnswer, FunctionRequest, Requests } from "./requests.ts";
import { createRemembered, type FoundAnswer } from "./remembered.ts";
import type { ReplicaIndex } from "./replicas.ts";

export interface WaysOptions {
  readonly self: NodeName;
  readonly jurisdiction: string;
  readonly parentJurisdiction: string | undefined;
  readonly ports: { readonly clock: Clock; readonly random: Random };
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly guard: Pick<Guard, "mayShare">;
  readonly requests: Requests;
  readonly below: ReplicaIndex;
  isRunning(unit: string): boolean;
  /** The sibling that has a unit which control left to the site, as the lead said last. */
  holderOf(unit: string): string | undefined;
  isSibling(node: string): boolean;
  /** The neighbour that leads to the node now, downwards or beside. */
  towards(node: NodeName): NodeName | undefined;
  above(): Peer | undefined;
}

interface Way extends Replica {
  readonly node: NodeName;
  readonly far: NodeName;
}

export interface Ways {
  ask(app: string, request: FunctionRequest): Promise<FunctionAnswer>;
  close(): void;
}

const requestSchema = z.strictObject({ method: z.enum(["GET", "POST", "PUT", "DELETE"]), path: z.string().max(2_048), query: z.record(z.string(), z.string()), body: z.unknown(), traceparent: z.string().max(256).optional() });
/** `request.ask`. `id`: of the request, the same wherever it is asked; `over`: nodes that it has come over. */
const askSchema = z.strictObject({ id: z.string().min(1).max(64), app: z.string().max(63), request: requestSchema, deadlineMs: z.number().positive(), over: z.array(z.string().max(63)).max(16) });
type Ask = z.infer<typeof askSchema>;
/** `class`: where it is more sensitive than what was asked for, which each node on its way decides by. */
const answerSchema = z.strictObject({ status: z.int().min(200).max(599), body: z.unknown(), class: dataClassSchema.optional() });
const method = "request.ask";
/** So it is said by who did not take the request in. */
const untaken: ReadonlySet<ErrorCode> = new Set(["HOLON_ARGUMENT_BAD", "HOLON_CALL_BUSY", "HOLON_CALL_UNKNOWN", "HOLON_NODE_UNKNOWN", "HOLON_CALL_DENIED", "HOLON_POLICY_DENIED"]);

export function createWays(options: WaysOptions): Ways {
  const { self, ports, calls, guard, requests, below } = options;
  const { clock } = ports;
  const measured = new Map<string, { latencyMs: number | undefined; failures: number; failedMs: number; askedMs: number; echoedMs: number }>();
  const remembered = createRemembered(clock);
  let changes = 0;
  let closed = false;

  function rowOf(node: string) {
    const row = measured.get(node) ?? { latencyMs: undefined, failures: 0, failedMs: 0, askedMs: Number.NEGATIVE_INFINITY, echoedMs: Number.NEGATIVE_INFINITY };
    measured.set(node, row);
    return row;
  }

  /** Neighbours that answer it or lead to who does, this node and those that it has come over left out. `far`: the nearest of those that each leads to. */
  function candidates({ app, request, over }: Ask): readonly Way[] {
    const ways = new Map<NodeName, { readonly hops: number; readonly far: NodeName }>();
    const fn = requests.functionAt(app, request);
    const add = (node: string | undefined, distance: number): void => {
      if (node === undefined || node === self || !isNodeName(node)) return;
      const next = options.towards(node);
      if (next !== undefined && !over.includes(next) && !over.includes(node) && (!ways.has(next) || next === node)) ways.set(next, { hops: distance, far: node });
    };
    if (fn !== undefined) add(options.holderOf(`${app}/${fn}`), 1);
    const found = below.find(app, request);
    for (const { node, isHome } of found) if (isHome) add(node, options.isSibling(node) ? 1 : 2);
    const up = options.above()?.name;
    // Of what nothing is known here nobody could say whether it may go up.
    if (found.length > 0 && up !== undefined && !over.includes(up) && !ways.has(up)) ways.set(up, { hops: unknownHops, far: up });
    return [...ways].map(([node, { hops, far }]) => ({ node, hops, far, ...rowOf(node) }));
  }

  async function askAny(ask: Ask): Promise<FoundAnswer> {
    const untilMs = clock.monotonicMs() + ask.deadlineMs;
    const fn = requests.functionAt(ask.app, ask.request);
    const isHere = fn !== undefined && options.isRunning(`${ask.app}/${fn}`);
    const others = candidates(ask);
    if (isHere || others.length === 0) return requests.ask(ask.app, ask.request, ask.deadlineMs); // who answers nothing there says what there is
    const order = inOrder(others, clock.monotonicMs()).slice(0, limits.requestTriesMax);
    let last: HolonError | undefined;
    let isUntaken = true;
    for (const [index, replica] of order.entries()) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0 || closed) break;
      const isSafe = ask.request.method !== "POST";
      try {
        return await askOne(replica, ask, isSafe ? tryMs(leftMs, order.length - index - 1, replica) : leftMs);
      } catch (error) {
        const coded = toHolonError(error);
        // That nobody answers there says less than what kept another from answering.
        if (last === undefined || coded.code !== "HOLON_ARGUMENT_BAD") last = coded;
        isUntaken &&= untaken.has(coded.code);
        if (!isSafe && !isUntaken) break;
      }
    }
    // It is to run here, and nobody else took it: it waits until what runs is switched.
    const leftMs = untilMs - clock.monotonicMs();
    if (isUntaken && fn !== undefined && leftMs > 0 && !closed && below.find(ask.app, ask.request).some(({ node, isHome }) => node === self && isHome)) return requests.ask(ask.app, ask.request, leftMs);
    throw last ?? new HolonError("HOLON_CALL_TIMEOUT", `no node answered ${ask.request.method} ${ask.request.path} of ${ask.app} within ${Math.round(ask.deadlineMs)} ms`);
  }

  async function askOne({ node, far }: Way, ask: Ask, waitMs: number): Promise<FoundAnswer> {
    await mayGo(node, ask);
    const row = rowOf(node);
    const startedMs = clock.monotonicMs();
    row.askedMs = startedMs;
    measureLater(node, far);
    try {
      const answer = answerSchema.parse(await calls.call(node, method, { ...ask, deadlineMs: waitMs, over: [...ask.over, self] }, waitMs));
      row.failures = 0;
      row.latencyMs = smoothed(row.latencyMs, clock.monotonicMs() - startedMs);
      return { status: answer.status, body: answer.body ?? null, ...(answer.class === undefined ? {} : { class: answer.class }) };
    } catch (error) {
      if (!untaken.has(toHolonError(error).code)) [row.failures, row.failedMs] = [row.failures + 1, clock.monotonicMs()];
      throw error;
    }
  }

  /** What is asked leaves for there, and what is answered there leaves for here: the guard of each end decides on its part. `dataClass`: where it is more than the trigger says. */
  async function mayGo(node: NodeName, { app, request }: Ask, dataClass: DataClass | undefined = below.find(app, request)[0]?.route.class): Promise<void> {
    const [found] = below.find(app, request);
    const destination = options.isSibling(node) ? options.jurisdiction : node === options.above()?.name ? options.parentJurisdiction : undefined;
    if (dataClass === undefined || !(await guard.mayShare({ app, name: found?.route.fn ?? "", class: dataClass, rules: found?.app.egress ?? [], destination, policyVersion: found?.version ?? 1, change: ++changes }))) {
      const [what, to] = [`${app}/${found?.route.fn ?? "*"}`, destination ?? "*"];
      throw new HolonError("HOLON_POLICY_DENIED", `what ${app} is asked is of class ${dataClass ?? "raw"}, which may not leave ${self} for ${node}: nothing lets ${self} share ${what} from anywhere to ${destination ?? "nobody knows where"}`, { next: `Ask a node on which the function runs; give the trigger a \`class\` that may leave; or permit it in the policy: \`does share\`, \`what ${what}\`, \`from *\`, \`to ${to}\` (without a written policy: in the app's egress).` });
    }
  }

  /** A function that may not lower what it was handed answers with its class. It has handled the request all the same. Returns that class, where it is more than what was asked for. */
  async function mayAnswer(node: NodeName, ask: Ask, answer: FoundAnswer): Promise<DataClass | undefined> {
    const asked = below.find(ask.app, ask.request)[0]?.route.class ?? "raw";
    if (!("class" in answer) || !isLowered(answer.class, asked)) return undefined;
    await mayGo(node, ask, answer.class).catch((cause: unknown) => {
      throw new HolonError("HOLON_ANSWER_WITHHELD", `${ask.app} answered ${ask.request.method} ${ask.request.path} with what is ${answer.class}, and is asked for what is ${asked}: it may not leave ${self} for ${node}`, { cause });
    });
    return answer.class;
  }

  /** Who was asked lately is measured now and then, so that the next request finds the nearest. */
  function measureLater(node: NodeName, far: NodeName): void {
    const row = rowOf(node);
    const nowMs = clock.monotonicMs();
    if (closed || nowMs - row.echoedMs < limits.requestEchoMs) return;
    row.echoedMs = nowMs;
    calls.call(far, planMethods.echo, undefined, limits.requestEchoMs).then(
      () => (row.latencyMs = smoothed(row.latencyMs, clock.monotonicMs() - nowMs)),
      () => undefined, // the request itself says whether it is well
    );
  }

  options.handlers.set(method, async (parameters, from) => {
    const ask = askSchema.parse(parameters);
    await mayGo(from, ask);
    const answer = await remembered.answer(ask.id, () => askAny(ask), (error) => untaken.has(toHolonError(error).code));
    const more = await mayAnswer(from, ask, answer);
    return { status: answer.status, body: answer.body, ...(more === undefined ? {} : { class: more }) };
  });

  return {
    async ask(app, request) {
      const timeoutMs = below.find(app, request)[0]?.route.timeoutMs ?? limits.callDeadlineMsMax;
      const { status, body } = await askAny({ id: toHex(ports.random.bytes(16)), app, request: requestSchema.parse({ ...request, ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }) }), deadlineMs: Math.min(timeoutMs + limits.requestToldMs, limits.callDeadlineMsMax), over: [] });
      return { status, body };
    },
    close() {
      closed = true;
      remembered.close();
    },
  };
}

/** Whether anybody above answers is not known here: who is below goes first. */
const unknownHops = 8;
