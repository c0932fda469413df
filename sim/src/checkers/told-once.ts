/**
 * What receivers of alerts were told, held against what the simulator knows: which node could not be reached by the node above it, from when to when. Nobody is told the same twice, nobody is
 * told of what was not, every outage is one incident and is told, and over is told once it is. What was over before a receiver could be reached it is told as over, and never as firing.
 */
import { limits } from "@holon/core/limits.ts";
import { worldBeginsMs } from "../clock.ts";
import type { SimReceiver, Taken } from "../notifier.ts";

/** A node that the node above it could not reach, world time. */
export interface Outage {
  readonly node: string;
  readonly fromMs: number;
  toMs: number;
  /** Long enough that it must be told, and no other of this node near it. */
  readonly mustBeTold: boolean;
  /** Those who are behind it: not an incident of theirs. */
  readonly behind: readonly string[];
}

export interface ReceiverAccount {
  readonly name: string;
  readonly receiver: SimReceiver;
  /** Nodes of whose outages it is to hear. */
  readonly hearsOf: (node: string) => boolean;
  /** It is told while the outage lasts, at the latest so long after its beginning; undefined: when all is healed. */
  readonly withinMs?: number;
}

/** How long a broken line may stay unnoticed, and how long before or after it an account may lie. */
const noticedMs = 65_000;
/** A silence begins when the node was heard last, which is as old as a window or a sign of life over a quiet line; who watches and ends in the same moment knows of it since its own last word. */
const lastWordMs = 2 * limits.linkPingMs + 2_000;
/** When an outage has ended, it is known to be over at the latest so long after it, by whoever tells of it. */
export const knownOverMs = 240_000;

export function checkToldOnce(accounts: readonly ReceiverAccount[], outages: readonly Outage[]): readonly string[] {
  return accounts.flatMap((account) => [...checkTwice(account), ...checkTrue(account, outages), ...checkTold(account, outages), ...checkOver(account)]);
}

function checkTwice({ name, receiver }: ReceiverAccount): readonly string[] {
  const seen = new Map<string, Taken>();
  return receiver.taken.flatMap((told) => {
    const key = `${told.id}#${told.state}`;
    const before = seen.get(key);
    seen.set(key, told);
    if (before !== undefined) return [`${name} was told twice that ${told.id} is ${told.state}: at ${Math.round(before.atMs)} and at ${Math.round(told.atMs)}`];
    return told.state === "firing" && seen.has(`${told.id}#resolved`) ? [`${name} was told that ${told.id} is, after it was told that it is over`] : [];
  });
}

const sinceOf = ({ since }: Taken): number => Date.parse(since) - worldBeginsMs;
/** By its first word of each incident. */
function silences({ receiver }: ReceiverAccount): readonly Taken[] {
  const first = new Map<string, Taken>();
  for (const told of receiver.taken) if (told.kind === "silence" && !first.has(told.id)) first.set(told.id, told);
  return [...first.values()];
}

function checkTrue(account: ReceiverAccount, outages: readonly Outage[]): readonly string[] {
  return silences(account).flatMap((told) => {
    const sinceMs = sinceOf(told);
    const those = outages.filter(({ node, fromMs, toMs }) => node === told.subject && sinceMs >= fromMs - lastWordMs && sinceMs <= toMs + noticedMs);
    const isOld = told.state === "firing" && those.every(({ toMs }) => told.atMs > toMs + knownOverMs);
    if (isOld && those.length > 0) return [`${account.name} was told at ${Math.round(told.atMs)} that ${told.subject} is silent, and it was over`];
    return those.length > 0 ? [] : [`${account.name} was told that ${told.subject} is silent since ${Math.round(sinceMs)}, and it was not`];
  });
}

function checkTold(account: ReceiverAccount, outages: readonly Outage[]): readonly string[] {
  return outages.flatMap((outage) => {
    const { node, fromMs, toMs, mustBeTold, behind } = outage;
    if (!mustBeTold || !account.hearsOf(node)) return [];
    const within = (subject: string): readonly Taken[] => silences(account).filter((told) => told.subject === subject && sinceOf(told) >= fromMs - lastWordMs && sinceOf(told) <= toMs);
    const told = within(node);
    const [first] = told;
    const span = `${node} could not be reached from ${Math.round(fromMs)} to ${Math.round(toMs)}`;
    const late = first !== undefined && account.withinMs !== undefined && first.atMs > fromMs + account.withinMs;
    return [
      ...(told.length === 1 ? [] : [`${span}, and ${account.name} was told of ${told.length} incidents`]),
      ...(late ? [`${span}, and ${account.name} was told at ${Math.round(first.atMs)}`] : []),
      ...behind.filter((other) => within(other).length > 0 && !outages.some((own) => own.node === other && own.fromMs <= toMs && own.toMs >= fromMs)).map((other) => `${span}, and ${account.name} was told of ${other} behind it`),
    ];
  });
}

/** All is well at the end: of everything that was told it was told that it is over. */
function checkOver(account: ReceiverAccount): readonly string[] {
  const over = new Set(account.receiver.taken.filter(({ state }) => state === "resolved").map(({ id }) => id));
  return silences(account).filter(({ id }) => !over.has(id)).map(({ id }) => `${account.name} was never told that ${id} is over`);
}
