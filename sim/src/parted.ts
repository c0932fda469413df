/** Gathers what the checker of histories needs of the nodes that have more than one. */
import { assert } from "@holon/core/errors.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { checkHistories, type CloudLane, type Life } from "./checkers/histories.ts";
import type { AccountingResult } from "./checkers/accounting.ts";
import type { Fleet, Member } from "./fleet.ts";
import { dataOf, seenRecord } from "./lane-ledger.ts";
import type { SimSubject } from "./subject.ts";

export async function checkParted(fleet: Fleet): Promise<AccountingResult> {
  const sum = { acknowledged: 0, delivered: 0, expiredByRule: 0, damagedReported: 0, lost: 0, duplicated: 0, reordered: 0 };
  const violations: string[] = [];
  for (const node of fleet.parted) {
    const members = fleet.honest.filter(({ config }) => config.name === node);
    const [first] = members;
    assert(first !== undefined, `${node} is in the fleet`);
    for (const stream of exportableStreams) {
      const lane: Lane = { origin: first.machine.identity.proves ?? first.machine.name, stream };
      const lives: Life[] = [];
      for (const member of members) lives.push(...(await livesOf(fleet, member, lane)));
      const result = checkHistories({ lane: laneName(lane), lives, atCloud: await cloudLanes(fleet, lane) });
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key];
      violations.push(...result.violations);
    }
  }
  return { ...sum, violations: [...violations, ...(fleet.parted.size === 0 ? [] : await unreported(fleet))] };
}

async function livesOf(fleet: Fleet, { machine, ledger, former }: Member, lane: Lane): Promise<readonly Life[]> {
  const name = laneName(lane);
  const gone = former.map(({ ledger: old, reached }, index): Life => ({ name: `life ${index + 1} of ${machine.name}`, acknowledged: old.of(name), held: old.seen(name), reached: reached.get(name) ?? 0 }));
  assert(machine.subject !== undefined, `${machine.name} is up when the checkers run`);
  const held = (await fleet.read(machine.subject, lane)).map(seenRecord);
  // What was in its log when it started may have come from another life, which acknowledged it or did not.
  return [...gone, { name: machine.name, acknowledged: [...ledger.of(name), ...held.filter(({ sequence }) => ledger.isAskedFor(name, sequence)).map(({ epoch, sequence }) => ({ epoch, first: sequence, last: sequence }))], held: [...ledger.seen(name), ...held] }];
}

async function cloudLanes(fleet: Fleet, wanted: Lane): Promise<readonly CloudLane[]> {
  const root = rootOf(fleet);
  const lanes: CloudLane[] = [];
  for (const { lane } of root.log.heads().values()) {
    if (lane.origin !== wanted.origin || lane.stream !== wanted.stream) continue;
    const missing = await fleet.missing(fleet.root.machine, lane);
    lanes.push({ lane: laneName(lane), isBranch: lane.branch !== undefined, records: (await fleet.read(root, lane)).map(seenRecord), missing });
  }
  return lanes;
}

/** Branches at the root, by the node whose lanes they are of. */
export function branchesAt(root: SimSubject): ReadonlyMap<string, readonly string[]> {
  const branches = new Map<string, string[]>();
  for (const [name, { lane }] of root.log.heads()) if (lane.branch !== undefined) branches.set(lane.origin, [...(branches.get(lane.origin) ?? []), name]);
  return branches;
}

/** Each branch at the cloud is told of in a record that is there too. */
async function unreported(fleet: Fleet): Promise<readonly string[]> {
  const root = rootOf(fleet);
  const told = new Set<unknown>();
  for (const { lane } of root.log.heads().values()) {
    if (lane.stream !== "alarm") continue;
    for (const { bytes } of await fleet.read(root, lane)) {
      const data = dataOf(bytes);
      if (typeof data === "object" && data !== null && "branch" in data) told.add(data.branch);
    }
  }
  const branches = branchesAt(root);
  return [...fleet.parted].flatMap((node) => branches.get(node) ?? []).filter((branch) => !told.has(branch)).map((branch) => `the branch ${branch} is at the cloud and no alarm tells of it`);
}

function rootOf(fleet: Fleet): SimSubject {
  const { subject } = fleet.root.machine;
  assert(subject !== undefined, "the root is up when the checkers run");
  return subject;
}
