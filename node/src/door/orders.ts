/**
 * Orders that roam: what a function makes for a device reaches it at whatever gateway it is now.
 *
 *     made here ─▶ own doors ─▶ each neighbour that leads to a door below ─▶ … ; up only where nobody took it
 *
 * A door knows who listens, and nobody else: so all doors below are offered it, and the one where the device has subscribed gives it. Only neighbours are asked, and go on from there: the guard of
 * each node on the way decides. Nothing is queued for a device that is away; whoever made the order tells in its trail that it reached nobody.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { decodeStoredEvent, storedType } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { Log, LogRecord, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import { dataClassSchema } from "@holon/core/schema/event.ts";
import { createTurns } from "@holon/core/turns.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Guard } from "../policy/guard.ts";
import type { OrderIndex } from "./order-index.ts";
import { followOwnRecords, type OwnRecords } from "./own-records.ts";

export interface OrdersOptions {
  readonly self: NodeName;
  readonly parentJurisdiction: string | undefined;
  readonly log: Log;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly guard: Pick<Guard, "mayShare">;
  readonly index: OrderIndex;
  /** To devices behind this node's own doors; returns to how many. */
  give(app: string, type: string, subject: string, payload: Uint8Array): number;
  /** Who is connected here and leads down to the node. */
  towards(node: NodeName): NodeName | undefined;
  /** Whether a peer leads to a node below. */
  speaksFor(peer: NodeName, node: string): boolean;
  above(): NodeName | undefined;
  append(record: NewRecord): Promise<unknown>;
}

const method = "order.give";
/** `id`: name of the event's record; `over`: nodes that it has come over. */
const orderSchema = z.strictObject({ id: z.string().max(256), app: z.string().max(63), type: z.string().max(256), subject: z.string().max(limits.recordBytesMax), class: dataClassSchema, data: z.unknown(), over: z.array(z.string().max(63)).max(16), deadlineMs: z.number().positive() });
type Order = z.infer<typeof orderSchema>;
const givenSchema = z.strictObject({ devices: z.int().min(0) });
const encoder = new TextEncoder();

export function createOrders(options: OrdersOptions): OwnRecords {
  const { self, log, events, calls, guard, index, ports: { trace } } = options;
  /** What is decided and sent goes in the order in which it was made; answers are waited for beside. */
  const inTurn = createTurns();
  let pending = 0;
  let changes = 0;

  async function mayGo(to: NodeName, { app, type, class: dataClass }: Order): Promise<void> {
    const [giver] = index.givers(app, type);
    const destination = to === options.above() ? options.parentJurisdiction : undefined;
    if (giver === undefined || !(await guard.mayShare({ app, name: type, class: dataClass, rules: giver.app.egress, destination, policyVersion: giver.version, change: ++changes }))) throw new HolonError("HOLON_POLICY_DENIED", `orders ${type} of ${app} are of class ${dataClass}, which may not leave ${self} for ${to}`);
  }

  async function ask(to: NodeName, order: Order): Promise<number> {
    const { answer } = await inTurn(async () => {
      await mayGo(to, order);
      return { answer: calls.call(to, method, { ...order, over: [...order.over, self], deadlineMs: order.deadlineMs * partOn }, order.deadlineMs) };
    });
    return givenSchema.parse(await answer).devices;
  }

  /** Hands it on, and says to how many devices it was given, here and elsewhere. `problems`: why not, where somebody could not be asked. */
  async function pass(order: Order, from: NodeName | undefined, problems: string[]): Promise<number> {
    const payload = encoder.encode(JSON.stringify(order.data ?? null));
    const here = options.give(order.app, order.type, order.subject, payload);
    if (here > 0 && from !== undefined) void options.append(told("given", order, { devices: here })).catch(failed);
    const asked = async (to: NodeName): Promise<number> =>
      ask(to, order).catch((error: unknown) => {
        problems.push(`${to}: ${toHolonError(error).message}`);
        return 0;
      });
    const down = new Set(index.givers(order.app, order.type).flatMap(({ node }) => (isNodeName(node) && node !== self ? (options.towards(node) ?? []) : [])));
    const counts = await Promise.all([...down].filter((to) => to !== from && !order.over.includes(to)).map(asked));
    const devices = counts.reduce((sum, count) => sum + count, here);
    const up = options.above();
    return devices === 0 && up !== undefined && up !== from && !order.over.includes(up) ? asked(up) : devices;
  }

  const told = (what: "given" | "missed", { id, app, type }: Order, more: object): NewRecord => events.record({ stream: "telemetry", type: what === "given" ? "holon.order.given" : "holon.order.missed", class: "public", producer: "door", data: { app, type, order: id, ...more } });
  const failed = (error: unknown): void => trace.note("debug", `orders: ${toHolonError(error).message}`);

  async function send(order: Order): Promise<void> {
    const problems: string[] = [];
    pending += 1;
    try {
      const devices = await pass(order, undefined, problems);
      if (devices === 0) await options.append(told("missed", order, { because: problems.length === 0 ? "no device listens" : problems.join("; ").slice(0, becauseMax) }));
    } finally {
      pending -= 1;
    }
  }

  function made({ bytes, ...record }: LogRecord): void {
    const type = storedType(bytes);
    if (type === undefined) return;
    const { source, subject = "", class: own, data } = decodeStoredEvent(bytes);
    const [, node, app = ""] = source.split("/");
    if (node !== self || index.givers(app, type).length === 0) return;
    const order: Order = { id: printRecordName(record), app, type, subject, class: own, data, over: [], deadlineMs: limits.orderMs };
    if (pending < limits.ordersPendingMax) return void send(order).catch(failed);
    options.append(told("missed", order, { because: "too many orders wait" })).catch(failed);
  }

  options.handlers.set(method, async (parameters, from) => {
    const order = orderSchema.parse(parameters);
    const [origin = ""] = order.id.split("/");
    // Who stands above decides what runs here. Of who stands below only what it is to run may order anything elsewhere.
    if (from !== options.above() && !(options.speaksFor(from, origin) && index.makes(origin, order.app, order.type))) throw new HolonError("HOLON_CALL_DENIED", `${from} gives an order ${order.type} of ${order.app} in the name of ${origin}, which makes none`);
    return { devices: await pass(order, from, []) };
  });

  return followOwnRecords(log, { each: made, isWanted: index.isUsed, failed: (error) => trace.note("warn", `what was made for devices could not be read: ${String(error)}`) });
}

const becauseMax = 1_000;
/** Of the time that is left, for those further on: they may ask twice, and their answer has to come back. */
const partOn = 0.4;
