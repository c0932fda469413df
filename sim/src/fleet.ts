/** The machines of a scenario as a tree, and what the checkers need to know of them. */
import { assert } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import { isNodeName } from "@holon/core/units.ts";
import { checkAccounting, type AccountingResult, type EpochRange, type LaneAccount, type SourceAccount } from "./checkers/accounting.ts";
import { DecidedFirstWatch } from "./checkers/decided-first.ts";
import { EpochWatch } from "./checkers/epochs.ts";
import { checkKept } from "./checkers/kept.ts";
import { RangeSet } from "./checkers/ranges.ts";
import { compareHeads, type HeadCounts } from "./checkers/equal-heads.ts";
import { RepetitionWatch } from "./checkers/repetition.ts";
import { checkRawStays, WireWatch } from "./checkers/raw-stays.ts";
import { createOnlookersCodec } from "./codec.ts";
import { readingNumber } from "./door.ts";
import { branchesAt, checkParted } from "./parted.ts";
import { dataOf, LaneLedger, seenRecord } from "./lane-ledger.ts";
import type { ProfileOf } from "./net/link-profile.ts";
import { SimNet } from "./net.ts";
import { SimAuthority } from "./identity.ts";
import { exportableLanes, isBehind } from "./behind.ts";
import { memberConfig, type MemberOptions } from "./member.ts";
import { NodeMachine } from "./node-machine.ts";
import { readLane } from "./read-lane.ts";
import type { SimSubject, SubjectProgram } from "./subject.ts";
import type { Note } from "./trace.ts";
import type { World } from "./world.ts";

export type Machine = NodeMachine<SimSubject>;

export interface Member {
  readonly config: NodeConfig;
  readonly machine: Machine;
  /** Of its present disk. */
  ledger: LaneLedger;
  /** What is known of its lives on disks that are gone. */
  readonly former: FormerLife[];
  /** The parent's name; undefined at the root. */
  readonly parent: string | undefined;
  /** Whether its records are read and compared at the end; of the others the heads of the lanes are, each with the hash of its chain over every byte before it. */
  readonly isRead: boolean;
  /** Not the program under test but somebody who plays a part: nothing is promised of it. */
  readonly isActor: boolean;
}

/** A life that ended with its disk. */
export interface FormerLife {
  readonly ledger: LaneLedger;
  /** By lane, how far its records were somewhere else when the disk went: on the parent's, or in the backup. */
  readonly reached: ReadonlyMap<string, number>;
}

/** What the checkers found at the end of a run. */
export interface FleetCheck extends AccountingResult {
  readonly rawViolations: readonly string[];
}

export interface FleetOptions {
  readonly profileOf?: ProfileOf;
  readonly listener?: (note: Note) => void;
  /** No device makes a reading, so no frame can hold one. */
  readonly withoutReadings?: boolean;
  /** How long certificates hold; without it they have no dates. */
  readonly certificateMs?: number | undefined;
  /** Of so many members beside the root, the first, all records are read and compared. Undefined: of all. */
  readonly readMax?: number;
}

export class Fleet {
  readonly world: World;
  readonly net: SimNet;
  readonly wire: WireWatch;
  readonly #repetition = new RepetitionWatch(createOnlookersCodec());
  readonly members = new Map<string, Member>();
  /** Nodes with more than one history: they were copied, or put back from a backup. */
  readonly parted = new Set<string>();
  /** Machines whose disks were damaged at rest: what they lack was not theirs to keep. */
  readonly damaged = new Set<string>();
  readonly #epochs = new EpochWatch();
  readonly #decidedFirst = new DecidedFirstWatch(createOnlookersCodec());
  readonly #program: SubjectProgram;
  readonly #listener: ((note: Note) => void) | undefined;
  readonly #readMax: number;
  /** Where certificates have dates. */
  readonly authority: SimAuthority | undefined;
  #root: Member | undefined;
  #lastDown: Machine | undefined;
  #lastBehind: Machine | undefined;

  constructor(world: World, program: SubjectProgram, options: FleetOptions = {}) {
    this.world = world;
    this.net = new SimNet(world, options.profileOf === undefined ? {} : { profileOf: options.profileOf });
    this.wire = new WireWatch({ looksInside: options.withoutReadings !== true });
    this.net.tap = (frame) => {
      this.wire.see(frame);
      if (options.withoutReadings === true) return;
      this.#repetition.see(frame, world.nowMs);
      const { log } = this.members.get(frame.from)?.machine.subject ?? {};
      if (log !== undefined && this.members.get(frame.from)?.isActor === false) this.#decidedFirst.see(frame, log);
    };
    this.#program = program;
    this.authority = options.certificateMs === undefined ? undefined : new SimAuthority(options.certificateMs);
    this.#listener = options.listener;
    this.#readMax = options.readMax ?? Infinity;
  }

  /** The one member without a parent. */
  get root(): Member {
    this.#root ??= [...this.members.values()].find(({ parent }) => parent === undefined);
    assert(this.#root !== undefined, "a fleet has a root");
    return this.#root;
  }

  add(options: MemberOptions): Member {
    const { name, tier, parent, node = name } = options;
    assert(isNodeName(name) && isNodeName(node), `${name} or ${node} is no node name`);
    const config = memberConfig(options, { authority: this.authority, parent: this.members.get(parent ?? "")?.config });
    const machine: Machine = new NodeMachine(this.world, this.net, this.members.size + 1, {
      name,
      ...(node === name ? {} : { proves: node }),
      boot: (ports) => this.#boot(config, options, ports),
      sandbox: () => this.#program.sandbox(this.world),
      clock: { driftPpm: options.driftPpm ?? 0 },
      disk: { ...(options.disk === undefined ? {} : { speed: options.disk }), ...(options.diskBytes === undefined ? {} : { capacityBytes: options.diskBytes }) },
      booted: (subject) => {
        if (options.act !== undefined) return;
        if (options.resumes !== true || machine.boots > 1) this.#epochs.opened(name, subject.log.epoch, machine.boots);
        if (member.isRead) member.ledger.attach(subject.log);
      },
      ...(options.devices === undefined ? {} : { devices: options.devices }), ...(options.feeds === undefined ? {} : { feeds: options.feeds }), ...(options.host === undefined ? {} : { host: options.host }),
      ...(this.authority === undefined ? {} : { certified: { authority: this.authority, as: { node, site: config.site, tier }, hasAuthority: config.control } }),
      ...(this.#listener === undefined ? {} : { listener: this.#listener }),
    });
    const member: Member = { config, machine, ledger: new LaneLedger(), former: [], parent, isRead: parent === undefined || this.members.size <= this.#readMax, isActor: options.act !== undefined };
    this.members.set(name, member);
    return member;
  }

  #boot(config: NodeConfig, { act, wrap }: MemberOptions, ports: Ports): Promise<SimSubject> {
    if (act !== undefined) return act(ports);
    return this.#program.boot(config, wrap === undefined ? ports : wrap(ports));
  }

  /** Members that run the program under test. */
  get honest(): readonly Member[] {
    return [...this.members.values()].filter(({ isActor }) => !isActor);
  }

  /** Starts every machine, waits until all are up and lets the program prepare itself. */
  async bringUp(): Promise<void> {
    for (const { machine } of this.members.values()) machine.start();
    const limitMs = this.world.nowMs + 600_000;
    await this.world.run({ condition: () => this.areUp(), timeMs: limitMs });
    assert(this.areUp(), `not every node came up: ${this.#down()}`);
    const { prepare } = this.#program;
    // The person who deploys tries again where the power went in the middle of it.
    while (prepare !== undefined && !(await this.#prepareOnce(prepare, limitMs)));
  }

  /** `false` where a node went down before it was done. */
  async #prepareOnce(prepare: NonNullable<SubjectProgram["prepare"]>, limitMs: number): Promise<boolean> {
    await this.world.run({ condition: () => this.areUp(), timeMs: limitMs });
    assert(this.areUp(), `not every node came up: ${this.#down()}`);
    const subjects = new Map<string, SimSubject>();
    for (const { config, machine } of this.honest) if (machine.subject !== undefined) subjects.set(config.name, machine.subject);
    const { machine } = this.root;
    const { boots } = machine;
    const outcome: { done?: true; error?: unknown } = {};
    prepare(subjects).then(
      () => (outcome.done = true),
      (error: unknown) => (outcome.error = error),
    );
    await this.world.run({ condition: () => "done" in outcome || "error" in outcome || !machine.isOn || machine.boots > boots, timeMs: limitMs });
    if (outcome.done === true) return true;
    if ("error" in outcome) throw outcome.error;
    assert(this.world.nowMs < limitMs, "preparing did not end");
    return false;
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
      Object.assign(machine.medium.faults, { syncLies: false, failing: false, readOnly: false, roomAtSync: false, slowness: 1 });
      machine.start();
    }
  }

  /** Lets units start again that are held back since their node ended too often while they ran: no node ends any more. */
  release(): void {
    for (const { machine: { crashes, subject } } of this.honest) {
      if (crashes < limits.nodeEndsMax) continue;
      if (subject?.status?.().agent.units.some(({ state }) => state === "held") === true) void subject.releaseHeld?.({}).catch(() => undefined); // it went down: asked again
    }
  }

  /** Whether the root holds all of every lane that leaves its origin. */
  hasConverged(): boolean {
    const root = this.root.machine.subject;
    if (root === undefined || !this.areUp()) return false;
    // Asked again and again: the one that was behind the last time is looked at first.
    const isBehindRoot = (machine: Machine): boolean => isBehind(machine, root, this.parted);
    if (this.#lastBehind !== undefined && isBehindRoot(this.#lastBehind)) return false;
    this.#lastBehind = this.honest.findLast(({ machine }) => isBehindRoot(machine))?.machine; // the root, which was added first, last
    return this.#lastBehind === undefined;
  }

  /** Runs the checkers. The world must be healed, converged or given up, and is driven on for the reading of the logs. */
  async check(): Promise<FleetCheck> {
    const root = this.root.machine.subject;
    assert(root !== undefined, "the root is up when the checkers run");
    const rawViolations = [...this.wire.violations];
    const lanes: LaneAccount[] = [];
    const sources: SourceAccount[] = [];
    // Who lies may repeat it.
    const repetitions = this.honest.length < this.members.size ? [] : this.#repetition.violations;
    const heads: HeadCounts = { records: 0, violations: [...repetitions] };
    for (const { ledger, machine } of this.honest) if (machine.subject !== undefined) ledger.close(machine.subject.log);
    const parted = await checkParted(this);
    const branches = branchesAt(root);
    for (const member of this.honest) {
      if (this.parted.has(member.config.name)) continue;
      for (const branch of branches.get(member.config.name) ?? []) heads.violations.push(`the lane ${branch} is at the root, and ${member.config.name} has one history`);
      if (!member.isRead) {
        for (const lane of exportableLanes(member.machine.name)) compareHeads(lane, subjectOf(member), root, heads);
        continue;
      }
      sources.push(...(await this.#sourcesOf(member)));
      for (const lane of exportableLanes(member.machine.name)) {
        const atCloud = await this.read(root, lane);
        rawViolations.push(...checkRawStays(atCloud.map((record) => ({ name: `${laneName(lane)}/${record.epoch}/${record.sequence}`, bytes: record.bytes }))));
        lanes.push(await this.#accountOf(member, lane, atCloud));
        // What of it was destroyed is nobody's to look for.
        if (this.damaged.size > 0) continue;
        if (lane.stream === "audit") heads.violations.push(...this.#decidedFirst.violations(lane.origin, atCloud));
        if (lane.stream === "alarm" && this.parted.size === 0 && this.honest.length === this.members.size) heads.violations.push(...checkKept(lane.origin, atCloud));
      }
    }
    for (const name of root.log.heads().keys()) if (isLocalElsewhere(name, this.root.config.name)) rawViolations.push(`the lane ${name} is at the cloud`);
    const accounting = checkAccounting(lanes, sources);
    return {
      ...accounting,
      acknowledged: accounting.acknowledged + heads.records + parted.acknowledged,
      delivered: accounting.delivered + heads.records + parted.delivered,
      expiredByRule: accounting.expiredByRule + parted.expiredByRule,
      damagedReported: accounting.damagedReported + parted.damagedReported,
      lost: accounting.lost + parted.lost,
      duplicated: accounting.duplicated + parted.duplicated,
      reordered: accounting.reordered + parted.reordered,
      violations: [...accounting.violations, ...parted.violations, ...heads.violations, ...this.#epochs.violations],
      rawViolations,
    };
  }

  /** Everything that was ever seen in the origin's log counts as its content; what it still holds counts as acknowledged too. */
  async #accountOf(member: Member, lane: Lane, atCloud: readonly LogRecord[]): Promise<LaneAccount> {
    const name = laneName(lane);
    const held = await this.read(subjectOf(member), lane);
    const root = this.root;
    const missing = await this.#missing(subjectOf(root), lane);
    const lacked: Missing[] = [];
    for (const node of this.#wayUp(member)) {
      if (node !== root || this.damaged.has(node.config.name) || node.config.retention !== undefined) lacked.push(...(await this.#missing(subjectOf(node), lane)));
    }
    return {
      lane: name,
      acknowledged: [...member.ledger.of(name), ...held.filter(({ sequence }) => member.ledger.isAskedFor(name, sequence)).map(({ epoch, sequence }): EpochRange => ({ epoch, first: sequence, last: sequence }))],
      atOrigin: [...member.ledger.seen(name), ...held.map(seenRecord)],
      atCloud: atCloud.map(seenRecord),
      expired: missing.filter(({ reason }) => reason === "expired"),
      damaged: missing.filter(({ reason }) => reason === "damaged"),
      lacked: { expired: lacked.filter(({ reason }) => reason === "expired"), any: lacked },
      neverUnsafe: lane.stream === "alarm" || lane.stream === "audit",
    };
  }

  /** The member, its parent, … the root. */
  #wayUp(member: Member): readonly Member[] {
    const parent = member.parent === undefined ? undefined : this.members.get(member.parent);
    return parent === undefined ? [member] : [member, ...this.#wayUp(parent)];
  }

  /** What a machine that is up says it lacks of a lane. */
  missing({ name, subject }: Machine, lane: Lane): Promise<readonly Missing[]> {
    assert(subject !== undefined, `${name} is up when it is asked`);
    return this.#missing(subject, lane);
  }

  async #missing(subject: SimSubject, lane: Lane): Promise<readonly Missing[]> {
    return subject.missing === undefined ? [] : this.world.drive(subject.missing(lane));
  }

  async #sourcesOf(member: Member): Promise<SourceAccount[]> {
    const { machine, ledger: laneLedger } = member;
    if (machine.devices.ledgers.size === 0) return [];
    const subject = subjectOf(member);
    const events: unknown[] = [];
    for (const stream of ["local", ...exportableStreams] as const) {
      for (const { bytes } of await this.read(subject, { origin: machine.name, stream })) events.push(dataOf(bytes));
    }
    const gone = new RangeSet();
    for (const { first, last } of await this.#missing(subject, { origin: machine.name, stream: "local" })) gone.add(first, last);
    return [...machine.devices.ledgers.values()].map((ledger) => {
      const reported = new RangeSet();
      for (const { sequence, data } of laneLedger.readings) {
        const number = gone.has(sequence) ? readingNumber(ledger, data) : undefined;
        if (number !== undefined) reported.add(number);
      }
      return {
        source: ledger.source,
        acknowledged: ledger.acknowledged,
        present: events.map((data) => readingNumber(ledger, data)).filter((number) => number !== undefined),
        exactlyOnce: ledger.kind !== "mqtt" && !this.damaged.has(machine.name),
        reported,
      };
    });
  }

  read(subject: SimSubject, lane: Lane): Promise<readonly LogRecord[]> {
    return this.world.drive(readLane(subject, lane));
  }

  #down(): string {
    return [...this.members.values()]
      .filter(({ machine }) => machine.subject === undefined)
      .map(({ machine }) => `${machine.name} ${machine.bootFailures.at(-1)?.message ?? "is booting"}`)
      .join(", ");
  }
}

type Missing = Awaited<ReturnType<NonNullable<SimSubject["missing"]>>>[number];

function subjectOf({ machine }: Member): SimSubject {
  assert(machine.subject !== undefined, `${machine.name} is up when the checkers run`);
  return machine.subject;
}

const isLocalElsewhere = (lane: string, root: string): boolean => lane.endsWith("/local") && lane !== `${root}/local`;
