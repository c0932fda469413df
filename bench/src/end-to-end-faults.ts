/** Kills and freezes both ends of a replicator while messages come in, lets it converge, and counts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientOrder, LoadProcess } from "./client-process.ts";
import type { End, Replicator } from "./replicator.ts";

export interface Counted {
  readonly acknowledged: number;
  /** Acknowledged to the client, and not at the hub. */
  readonly lost: number;
  /** At the hub more than once: how many times too many. */
  readonly doubled: number;
}

const count = 20_000;
/** A load that every contender can carry, so that the faults meet it at work. */
const perSecond = 4000;
const downMs = 1000;
const frozenMs = 3000;
/** Nothing more has arrived for so long: all that will is there. */
const quietMs = 6000;
const convergeMsMax = 180_000;

export async function breakInTheMiddle(replicator: Replicator, client: LoadProcess, load: Pick<ClientOrder, "inFlightMax" | "payloadBytes">): Promise<Counted> {
  const acknowledged: [from: number, count: number][] = [];
  let from = 0;
  /** Messages come in; once a third is acknowledged, `strike` does its harm. */
  const phase = async (strike: () => Promise<void>): Promise<void> => {
    let struck: Promise<void> | undefined;
    const report = await client.run({ ...replicator.order(), ...load, from, count, perSecond }, (done) => {
      if (done > count / 3) struck ??= strike();
    });
    if (struck === undefined) throw new Error(`${replicator.name} took too little before it was struck`);
    await struck;
    acknowledged.push([from, report.acknowledged]);
    from += count;
  };
  try {
    await phase(() => killed(replicator.source));
    await phase(() => killed(replicator.hub));
    await phase(() => frozen(replicator.source));
    await phase(() => frozen(replicator.hub));
    await quiet(replicator);
    return compare(acknowledged, await replicator.count());
  } finally {
    await replicator.end();
  }
}

async function killed(end: End): Promise<void> {
  await end.kill();
  await sleep(downMs);
  await end.start();
}

async function frozen(end: End): Promise<void> {
  end.signal("SIGSTOP");
  await sleep(frozenMs);
  end.signal("SIGCONT");
}

async function quiet({ arrived }: Replicator): Promise<void> {
  const endMs = performance.now() + convergeMsMax;
  let last = Number.NaN;
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < quietMs && performance.now() < endMs) {
    const now = await arrived();
    if (now !== last) {
      last = now;
      sinceMs = performance.now();
    }
    await sleep(100);
  }
}

function compare(acknowledged: readonly (readonly [from: number, count: number])[], counts: ReadonlyMap<number, number>): Counted {
  let [total, lost, doubled] = [0, 0, 0];
  for (const [first, many] of acknowledged) {
    total += many;
    for (let number = first; number < first + many; number++) if (!counts.has(number)) lost += 1;
  }
  for (const times of counts.values()) doubled += times - 1;
  return { acknowledged: total, lost, doubled };
}
