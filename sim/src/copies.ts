/** Backups of a machine's disk, and what people do with them: put one back, or start a second machine from it. */
import { laneName } from "@holon/core/log/log.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { DiskNames } from "./disk/names.ts";
import type { Fleet, Member } from "./fleet.ts";
import { LaneLedger } from "./lane-ledger.ts";

/** A member's disk as it was at a moment, and how far its own lanes went. */
export interface Backup {
  readonly names: DiskNames;
  readonly heads: ReadonlyMap<string, number>;
}

/** What can be read of the member's disk at this moment, while it runs. */
export function backUp({ machine, config: { name } }: Member): Backup {
  const heads = new Map<string, number>();
  for (const [lane, { lane: { origin }, mark }] of machine.subject?.log.heads() ?? []) if (origin === name) heads.set(lane, mark.sequence);
  return { names: machine.medium.names.copy(), heads };
}

/** The member's disk is gone, and an earlier state of it is put in its place. */
export function restore(fleet: Fleet, member: Member, backup: Backup, bootAfterMs: number): void {
  const { machine } = member;
  endLife(fleet, member, backup.heads);
  machine.crash("power");
  machine.medium.restore(backup.names);
  fleet.world.after(bootAfterMs, () => machine.start());
}

/** What the member's disk holds from here on is another life: of the one before, only what stood in `kept` or was told its parent is somebody's to deliver. */
export function endLife(fleet: Fleet, member: Member, kept: Backup["heads"]): void {
  const { config: { name } } = member;
  const parent = member.parent === undefined ? undefined : fleet.members.get(member.parent)?.machine.subject?.log;
  const reached = new Map(kept);
  for (const { lane, mark } of parent?.heads().values() ?? []) {
    const plain = laneName({ origin: lane.origin, stream: lane.stream });
    const isOfThisLife = lane.origin === name && member.ledger.of(plain).some(({ epoch }) => epoch === mark.epoch);
    if (isOfThisLife) reached.set(plain, Math.max(reached.get(plain) ?? 0, mark.sequence));
  }
  member.former.push({ ledger: member.ledger, reached });
  member.ledger = new LaneLedger();
  fleet.parted.add(name);
}

/**
 * A second machine that is the same node: it starts from the copy as after a restart, or goes on as a frozen machine does that is woken twice,
 * in the same epoch and from the same record.
 */
export function copy(fleet: Fleet, { config, parent }: Member, name: string, backup: Backup, resumes?: string): Member {
  fleet.parted.add(config.name);
  const options = { name, node: config.name, tier: config.tier, ...(parent === undefined ? {} : { parent }), ...(config.retention === undefined ? {} : { retention: config.retention }) };
  const goesOn = resumes === undefined ? {} : { resumes: true, wrap: (ports: Ports) => (copied.machine.boots > 1 ? ports : { ...ports, random: sameEpoch(ports.random, resumes) }) };
  const copied = fleet.add({ ...options, ...goesOn });
  copied.machine.medium.restore(backup.names);
  copied.machine.start();
  return copied;
}

/** Chance that first gives the epoch that another log is in. */
function sameEpoch(random: Ports["random"], epoch: string): Ports["random"] {
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  let isFirst = true;
  return {
    uniform: () => random.uniform(),
    bytes(length) {
      if (!isFirst || length !== epoch.length) return random.bytes(length);
      isFirst = false;
      return Uint8Array.from(epoch, (digit) => digits.indexOf(digit));
    },
  };
}
