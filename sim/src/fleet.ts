/** The machines of a scenario as a tree, and what the checkers need to know of them. */
import { createHash } from "node:crypto";
import { assert } from "@holon/core/errors.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import { nodeConfigSchema, type NodeConfig } from "@holon/core/schema/node.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { isNodeName } from "@holon/core/units.ts";
import { checkAccounting, type AccountingResult, type EpochRange, type LaneAccount, type SeenRecord, type SourceAccount } from "./checkers/accounting.ts";
import { checkRawStays, WireWatch } from "./checkers/raw-stays.ts";
import type { DiskSpeed } from "./disk.ts";
import type { DeviceHabits } from "./door.ts";
import { readingNumber } from "./door.ts";
import { LaneLedger } from "./lane-ledger.ts";
import type { ProfileOf } from "./link-profile.ts";
import { SimNet } from "./net.ts";
import { NodeMachine } from "./node-machine.ts";
import type { SimSubject, SubjectProgram } from "./subject.ts";
import type { Note } from "./trace.ts";
import type { World } from "./world.ts";

export type Machine = NodeMachine<SimSubject>;

export interface Member {
  readonly config: NodeConfig;
  readonly machine: Machine;
  readonly ledger: LaneLedger;
  /** The parent's name; undefined at the root. */
  readonly parent: string | undefined;
}

export interface MemberOptions {
  readonly name: string;
  readonly tier: "gateway" | "edge" | "cloud";
  readonly parent?: string;
  readonly devices?: DeviceHabits;
  readonly driftPpm?: number;
  /** Without it the root carries the control plane, and nobody else. */
  readonly control?: boolean;
  readonly disk?: DiskSpeed;
  readonly uplink?: NodeConfig["uplink"];
  readonly downlink?: NodeConfig["downlink"];
}

/** How the end of a run is checked. */
export interface CheckOptions {
  /**
   * Members whose records are all read and compared; of the others the heads of the lanes are compared, each with the hash of
   * its chain over every byte before it. Undefined: all are read.
   */
  readonly readMax?: number;
}

/** What the checkers found at the end of a run. */
export interface FleetCheck extends AccountingResult {
  readonly rawViolations: readonly string[];
}

export class Fleet {
  readonly world: World;
  readonly net: SimNet;
  readonly wire = new WireWatch();
  readonly members = new Map<string, Member>();
  readonly #program: SubjectProgram;
  readonly #listener: ((note: Note) => void) | undefined;
  #lastDown: Machine | undefined;

  constructor(world: World, program: SubjectProgram, options: { readonly profileOf?: ProfileOf; readonly listener?: (note: Note) => void } = {}) {
    this.world = world;
    this.net = new SimNet(world, options.profileOf === undefined ? {} : { profileOf: options.profileOf });
    this.net.tap = (frame) => this.wire.see(frame);
    this.#program = program;
    this.#listener = options.listener;
  }

  /** The one member without a parent. */
  get root(): Member {
    const root = [...this.members.values()].find(({ parent }) => parent === undefined);
    assert(root !== undefined, "a fleet has a root");
    return root;
  }

  add(options: MemberOptions): Member {
    const { name, tier, parent } = options;
    assert(isNodeName(name), `${name} is no node name`);
    const config = nodeConfigSchema.parse({
      name,
      site: tier === "cloud" ? "cloud" : "site",
      tier,
      jurisdiction: "EU/DE",
      control: options.control ?? parent === undefined,
      ...(options.uplink === undefined ? {} : { uplink: options.uplink }),
      ...(options.downlink === undefined ? {} : { downlink: options.downlink }),
      ...(tier === "gateway" ? {} : { listen: `${name}:7401` }),
      ...(parent === undefined ? {} : { parent: `wss://${parent}:7401` }),
    });
    const ledger = new LaneLedger();
    const machine: Machine = new NodeMachine(this.world, this.net, this.members.size + 1, {
      name,
      boot: (ports) => this.#program.boot(config, ports),
      sandbox: () => this.#program.sandbox(this.world),
      clock: { driftPpm: options.driftPpm ?? 0 },
      ...(options.disk === undefined ? {} : { disk: { speed: options.disk } }),
      booted: (subject) => ledger.attach(subject.log),
      ...(options.devices === undefined ? {} : { devices: options.devices }),
      ...(this.#listener === undefined ? {} : { listener: this.#listener }),
    });
    const member: Member = { config, machine, ledger, parent };
    this.members.set(name, member);
    return member;
  }

  /** Starts every machine, waits until all are up and lets the program prepare itself. */
  async bringUp(): Promise<void> {
    for (const { machine } of this.members.values()) machine.start();
    const limitMs = this.world.nowMs + 600_000;
    await this.world.run({ condition: () => this.areUp(), timeMs: limitMs });
    assert(this.areUp(), `not every node came up: ${this.#down()}`);
    const subjects = new Map<string, SimSubject>();
    for (const [name, { machine }] of this.members) if (machine.subject !== undefined) subjects.set(name, machine.subject);
    if (this.#program.prepare !== undefined) await this.world.drive(this.#program.prepare(subjects));
  }

  areUp(): boolean {
    // Asked before every event: the one that was down the last time is looked at first.
    if (this.#lastDown !== undefined && this.#lastDown.subject === undefined) return false;
    for (const { machine } of this.members.values()) {
      if (machine.subject !== undefined) continue;
      this.#lastDown = machine;
      return false;
    }
    this.#lastDown = undefined;
    return true;
  }

  /** Ends every fault: paths, disks, planned crashes; what is down boots. */
  heal(): void {
    this.net.healAll();
    for (const { machine } of this.members.values()) {
      machine.identity.hooks = {};
      Object.assign(machine.medium.faults, { syncLies: false, failing: false, readOnly: false, slowness: 1 });
      machine.start();
    }
  }

  /** Whether the root holds all of every lane that leaves its origin. */
  hasConverged(): boolean {
    const root = this.root.machine.subject;
    if (root === undefined || !this.areUp()) return false;
    for (const { machine } of this.members.values()) {
      const log = machine.subject?.log;
      if (log === undefined) return false;
      for (const lane of exportableLanes(log.origin)) {
        const here = log.head(lane);
        if (here !== undefined && here.sequence > 0 && root.log.head(lane)?.hash !== here.hash) return false;
      }
    }
    return true;
  }

  /** Runs the checkers. The world must be healed, converged or given up, and is driven on for the reading of the logs. */
  async check({ readMax = Infinity }: CheckOptions = {}): Promise<FleetCheck> {
    const root = this.root.machine.subject;
    assert(root !== undefined, "the root is up when the checkers run");
    const rawViolations = [...this.wire.violations];
    const lanes: LaneAccount[] = [];
    const sources: SourceAccount[] = [];
    const heads: HeadCounts = { records: 0, violations: [] };
    let count = 0;
    for (const { machine, ledger } of this.members.values()) {
      const subject = machine.subject;
      assert(subject !== undefined, `${machine.name} is up when the checkers run`);
      if (subject === root) continue;
      if (++count > readMax) {
        for (const lane of exportableLanes(machine.name)) compareHeads(lane, subject, root, heads);
        continue;
      }
      sources.push(...(await this.#sourcesOf(machine, subject)));
      for (const lane of exportableLanes(machine.name)) {
        const atCloud = await this.#read(root, lane);
        rawViolations.push(...checkRawStays(atCloud.map((record) => ({ name: `${laneName(lane)}/${record.epoch}/${record.sequence}`, bytes: record.bytes }))));
        lanes.push(accountOf(laneName(lane), ledger, subject, await this.#read(subject, lane), atCloud));
      }
    }
    for (const name of root.log.heads().keys()) if (isLocalElsewhere(name, this.root.config.name)) rawViolations.push(`the lane ${name} is at the cloud`);
    const accounting = checkAccounting(lanes, sources);
    return {
      ...accounting,
      acknowledged: accounting.acknowledged + heads.records,
      delivered: accounting.delivered + heads.records,
      violations: [...accounting.violations, ...heads.violations],
      rawViolations,
    };
  }

  async #sourcesOf(machine: Machine, subject: SimSubject): Promise<SourceAccount[]> {
    if (machine.devices.ledgers.size === 0) return [];
    const events: unknown[] = [];
    for (const stream of ["local", ...exportableStreams] as const) {
      for (const { bytes } of await this.#read(subject, { origin: machine.name, stream })) events.push(dataOf(bytes));
    }
    return [...machine.devices.ledgers.values()].map((ledger) => ({
      source: ledger.source,
      acknowledged: ledger.acknowledged,
      present: events.map((data) => readingNumber(ledger, data)).filter((number) => number !== undefined),
      exactlyOnce: ledger.kind !== "mqtt",
    }));
  }

  #read(subject: SimSubject, lane: Lane): Promise<readonly LogRecord[]> {
    return this.world.drive(readLane(subject, lane));
  }

  #down(): string {
    return [...this.members.values()]
      .filter(({ machine }) => machine.subject === undefined)
      .map(({ machine }) => `${machine.name} ${machine.bootFailures.at(-1)?.message ?? "is booting"}`)
      .join(", ");
  }
}

interface HeadCounts {
  /** Of lanes whose heads are the same at both ends. */
  records: number;
  readonly violations: string[];
}

/** Equal hashes of the chain mean equal records in equal order: the chain covers every byte of the lane. */
function compareHeads(lane: Lane, subject: SimSubject, root: SimSubject, counts: HeadCounts): void {
  const here = subject.log.head(lane);
  const there = root.log.head(lane);
  if (here?.hash === there?.hash && here?.sequence === there?.sequence) counts.records += here?.sequence ?? 0;
  else counts.violations.push(`${laneName(lane)} ends at ${here?.sequence ?? 0} and at the root at ${there?.sequence ?? 0}, or differs below`);
}

const exportableLanes = (origin: Lane["origin"]): readonly Lane[] => exportableStreams.map((stream) => ({ origin, stream }));

const isLocalElsewhere = (lane: string, root: string): boolean => lane.endsWith("/local") && lane !== `${root}/local`;

async function readLane({ log }: SimSubject, lane: Lane): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  for (let from = 1; ; ) {
    const page = await log.read(lane, from, { maxRecords: 4096, maxBytes: 4 << 20 });
    const last = page.at(-1);
    if (last === undefined) return records;
    records.push(...page);
    // Not from what a faulty log says alone: the reading must end.
    from = Math.max(from + 1, last.sequence + 1);
  }
}

/** What the origin's log still holds counts as acknowledged too: it is durable and everybody can read it. */
function accountOf(lane: string, ledger: LaneLedger, subject: SimSubject, atOrigin: readonly LogRecord[], atCloud: readonly LogRecord[]): LaneAccount {
  const held: EpochRange[] = atOrigin.map(({ epoch, sequence }) => ({ epoch, first: sequence, last: sequence }));
  return {
    lane,
    acknowledged: [...ledger.of(lane), ...held],
    atOrigin: atOrigin.map(seen),
    atCloud: atCloud.map(seen),
    expired: subject.expired?.().get(lane) ?? [],
    damaged: subject.damaged?.().get(lane) ?? [],
  };
}

const seen = ({ epoch, sequence, bytes }: LogRecord): SeenRecord => ({
  epoch,
  sequence,
  digest: createHash("sha256").update(bytes).digest("base64"),
});

function dataOf(bytes: Uint8Array): unknown {
  const event: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  return typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
}
