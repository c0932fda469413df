import { toHolonError, type HolonError } from "@holon/core/errors.ts";
import type { Invited } from "@holon/core/identity/messages.ts";
import type { Model, Ports, Runner } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { ClockHardware, createClock } from "./clock.ts";
import { createCredentials } from "./credentials.ts";
import { createCodec } from "./codec.ts";
import { createCrypto } from "./crypto.ts";
import { createDiscovery } from "./discovery.ts";
import { createDiagnostics } from "./diagnostics.ts";
import { createDisk, DiskMedium, type DiskSpeed } from "./disk.ts";
import { createFeeds, type FeedTexts } from "./feeds.ts";
import { createHostStats, HostHardware, type HostHabits } from "./host-stats.ts";
import { createDoor, Devices, type DeviceHabits } from "./door.ts";
import { Passport, type SimAuthority } from "./identity.ts";
import { Incarnation, type Identity } from "./incarnation.ts";
import type { SimNet } from "./net.ts";
import type { SeededRandom } from "./random.ts";
import { createSecrets } from "./secrets.ts";
import { createTrace, type Note } from "./trace.ts";
import type { Happening } from "./trace-hash.ts";
import type { World } from "./world.ts";

/** What a boot gives: something that can be closed. */
export interface Booted {
  close(): Promise<void>;
}

export interface MachineOptions<Subject extends Booted> {
  readonly name: NodeName;
  /** What it proves to others, where that is another's name. */
  readonly proves?: NodeName;
  /** Starts the node's program on fresh ports. */
  boot(ports: Ports): Promise<Subject>;
  /** Models and sandboxes of an incarnation. */
  sandbox(incarnation: Incarnation): { readonly model: Model; readonly runner: Runner };
  readonly clock?: { readonly driftPpm?: number; readonly wallOffsetMs?: number };
  readonly disk?: { readonly speed?: DiskSpeed; readonly capacityBytes?: number };
  readonly devices?: DeviceHabits;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly feeds?: FeedTexts;
  /** Without it the machine tells nothing of itself. */
  readonly host?: HostHabits;
  /** In worlds where certificates have dates: what it was enrolled as, and by whom. */
  readonly certified?: { readonly authority: SimAuthority; readonly as: Invited; readonly hasAuthority: boolean };
  /** Hears what the node says. */
  readonly listener?: (note: Note) => void;
  /** Called when a boot has succeeded. */
  readonly booted?: (subject: Subject) => void;
}

/** How a node goes down: the power fails, or only its process dies and the system lives on. */
export type CrashKind = "power" | "process";

/** Codec and crypto hold no state, so all nodes share them. */
const crypto = createCrypto();
const codec = createCodec();

/** Wait before a boot that failed is tried again, as a service manager would. */
const bootAgainMs = 1_000;

/** One machine: disk, clock hardware and devices outlive its incarnations; each boot gets fresh ports over them. */
export class NodeMachine<Subject extends Booted> {
  readonly name: NodeName;
  readonly medium: DiskMedium;
  readonly clock: ClockHardware;
  readonly devices: Devices;
  readonly host: HostHardware | undefined;
  readonly identity: Identity;
  /** Words that its command `mark` was run with. */
  readonly marks: string[] = [];
  readonly #world: World;
  readonly #net: SimNet;
  readonly #options: MachineOptions<Subject>;
  readonly #random: SeededRandom;
  readonly #bootFailures: HolonError[] = [];
  /** In which order what was kept reaches a process that goes on. */
  readonly #frost: SeededRandom;
  #incarnation: Incarnation | undefined;
  #subject: Subject | undefined;
  #boots = 0;
  #crashes = 0;
  #powerCuts = 0;

  constructor(world: World, net: SimNet, number: number, options: MachineOptions<Subject>) {
    this.#world = world;
    this.#net = net;
    this.#options = options;
    this.#random = world.random.fork(`node/${options.name}`);
    this.#frost = this.#random.fork("frost");
    this.name = options.name;
    this.identity = { name: options.name, ...(options.proves === undefined ? {} : { proves: options.proves }), number, calls: 0, hooks: {} };
    this.medium = new DiskMedium(this.#random.fork("disk"), options.disk);
    this.clock = new ClockHardware(world, options.clock);
    this.host = options.host && new HostHardware(world, options.host);
    const { certified } = options;
    if (certified !== undefined) this.identity.passport = new Passport(certified.authority, this.clock, certified.as);
    this.devices = new Devices(options.name, this.#random.fork("devices"), options.devices);
  }

  /** The running program; undefined while the node is down or booting. */
  get subject(): Subject | undefined {
    return this.#subject;
  }

  get isOn(): boolean {
    return this.#incarnation !== undefined;
  }

  get boots(): number {
    return this.#boots;
  }

  get crashes(): number {
    return this.#crashes;
  }

  /** Failures of boots so far. A boot that failed is tried again. */
  get bootFailures(): readonly HolonError[] {
    return this.#bootFailures;
  }

  /** Boots, unless it is on. */
  start(): void {
    if (this.#incarnation !== undefined) return;
    const incarnation = new Incarnation(this.#world, this.identity);
    this.#incarnation = incarnation;
    this.#boots += 1;
    this.#world.note(this.identity.number, "boot");
    if (this.#options.certified?.hasAuthority === true) this.identity.passport?.certifyHere();
    const ports = this.#ports(incarnation, this.#random.fork(`boot/${this.#boots}`));
    this.#net.poweredOn(this.name);
    this.#options.boot(ports).then(
      (subject) => {
        if (!incarnation.alive) return;
        this.#subject = subject;
        this.#options.booted?.(subject);
      },
      (error: unknown) => {
        if (!incarnation.alive) return;
        this.#bootFailures.push(toHolonError(error));
        this.#world.note(this.identity.number, "bootFailed");
        this.#end(incarnation, "process");
        this.#world.after(bootAgainMs, () => this.start());
      },
    );
  }

  /** Takes the node down where it stands. It stays down unless told when to boot again. */
  crash(kind: CrashKind, bootAfterMs?: number): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    this.#crashes += 1;
    this.#world.note(this.identity.number, "crash");
    this.#end(incarnation, kind);
    if (kind === "power") this.#powerCuts += 1;
    if (kind === "power") this.medium.cutPower();
    else this.medium.killProcess();
    if (bootAfterMs !== undefined) this.#world.after(bootAfterMs, () => this.start());
  }

  /** Crashes the node just before, or just after, its port call number `index` (counted over all incarnations, from 1). */
  crashAtCall(index: number, place: "before" | "after", kind: CrashKind, bootAfterMs?: number): void {
    const strike = (current: number, _call: Happening): void => {
      if (current !== index) return;
      this.identity.hooks = {};
      this.crash(kind, bootAfterMs);
    };
    this.identity.hooks = place === "before" ? { beforeCall: strike } : { afterCall: strike };
  }

  /** Its process stands still for so long, and then goes on where it was, with all that has come meanwhile. With `sleeps` its machine does, and its monotonic clock. */
  freeze(forMs: number, { sleeps = false }: { readonly sleeps?: boolean } = {}): void {
    const incarnation = this.#incarnation;
    if (incarnation === undefined || incarnation.isFrozen) return;
    this.#world.note(this.identity.number, "freeze");
    incarnation.freeze();
    if (sleeps) this.clock.sleep();
    this.#world.after(forMs, () => {
      if (sleeps) this.clock.wake();
      if (!incarnation.alive) return;
      this.#world.note(this.identity.number, "thaw");
      incarnation.thaw(this.#frost);
    });
  }

  /** As `freeze`, while its next port call but so many is under way: what the system does for it is done, and it does not know. */
  freezeInCall(next: number, forMs: number, how: { readonly sleeps?: boolean } = {}): void {
    const at = this.identity.calls + next;
    this.identity.hooks = {
      beforeCall: (index) => {
        if (index < at) return;
        this.identity.hooks = {};
        this.freeze(forMs, how);
      },
    };
  }

  get isFrozen(): boolean {
    return this.#incarnation?.isFrozen === true;
  }

  /** Ends the program cleanly. */
  async close(): Promise<void> {
    const incarnation = this.#incarnation;
    if (incarnation === undefined) return;
    await this.#subject?.close();
    if (!incarnation.alive) return;
    this.#world.note(this.identity.number, "closed");
    this.#end(incarnation, "process");
  }

  #end(incarnation: Incarnation, kind: CrashKind): void {
    incarnation.end();
    this.#net.ended(incarnation, kind);
    this.#incarnation = undefined;
    this.#subject = undefined;
  }

  #ports(incarnation: Incarnation, random: SeededRandom): Ports {
    const { model, runner } = this.#options.sandbox(incarnation);
    return {
      clock: createClock(incarnation, this.clock, random.integer(0, 1e9)),
      random,
      disk: createDisk(incarnation, this.medium),
      net: this.#net.portFor(incarnation),
      discovery: createDiscovery(incarnation, this.#net),
      crypto,
      codec,
      model,
      runner,
      door: createDoor(incarnation, this.devices),
      secrets: createSecrets(this.#options.secrets ?? {}),
      ...(this.#options.feeds === undefined ? {} : { feeds: createFeeds(incarnation, this.#options.feeds) }),
      ...(this.host === undefined ? {} : { host: createHostStats(incarnation, this.host, this.medium) }),
      diagnostics: createDiagnostics(incarnation, this.marks),
      trace: createTrace(incarnation, this.#options.listener),
      life: String(this.#powerCuts),
      identity: this.identity.passport,
      credentials: createCredentials(random.fork("credentials")),
      authority: this.#options.certified?.hasAuthority === true ? this.#options.certified.authority : undefined,
    };
  }
}
