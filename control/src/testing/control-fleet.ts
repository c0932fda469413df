/** The control plane on the root of a small simulated fleet: real nodes, real logs, virtual time. */
import { createHash } from "node:crypto";
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { encodeStoredEvent, parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Log } from "@holon/core/log/log.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import { createCipher } from "@holon/sim/cipher.ts";
import { Fleet } from "@holon/sim/fleet.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { holonProgram } from "@holon/sim/programs/program.ts";
import type { SimSubject } from "@holon/sim/subject.ts";
import { World } from "@holon/sim/world.ts";
import type { Control } from "../control.ts";

export const code = new TextEncoder().encode("export default 1;");

/** An app of one function at the gateways. */
export const app = (name: string, version = "1"): AppDocument =>
  appDocumentSchema.parse({
    name,
    version,
    functions: [{ name: "judge", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: { "out.went": { stream: "data", class: "derived" } }, models: [] }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

export interface FleetParts {
  /** Logs are. */
  readonly isEncrypted?: boolean;
  readonly certificateMs?: number;
  /** What a node's file says when it starts. */
  config?(config: NodeConfig): NodeConfig;
  /** Sees a log that was opened. */
  opened?(node: string, log: Log): void;
  /** Ports of a node in place of those that it would get. */
  ports?(config: NodeConfig, ports: Ports, authority: Fleet["authority"]): Ports;
}

export class ControlFleet {
  readonly world = new World(7);
  readonly fleet: Fleet;

  static async start(members: readonly MemberOptions[] = [{ name: "cloud", tier: "cloud" }, { name: "edge-1", tier: "edge", parent: "cloud" }, { name: "gateway-1", tier: "gateway", parent: "edge-1" }], { isEncrypted = false, ports: change, config: read = (config) => config, opened, ...options }: FleetParts = {}, program = holonProgram()): Promise<ControlFleet> {
    const { boot, sandbox } = await program;
    const changed: typeof boot = async (written, ports) => {
      const config = read(written);
      const own = isEncrypted ? { ...ports, cipher: createCipher(config.name, ports.random) } : ports;
      const subject = await boot(config, change?.(config, own, control.fleet.authority) ?? own);
      opened?.(config.name, subject.log);
      return subject;
    };
    const control: ControlFleet = new ControlFleet({ boot: changed, sandbox }, options);
    for (const member of members) control.fleet.add(member);
    await control.fleet.bringUp();
    await control.until("every node is heard", () => control.control.nodes().length === members.length);
    await control.drive(control.control.blobs.put(code));
    return control;
  }

  constructor(program: ConstructorParameters<typeof Fleet>[1], options: { readonly certificateMs?: number } = {}) {
    this.fleet = new Fleet(this.world, program, options);
  }

  get control(): Control {
    return controlOf(this.#subject("cloud"));
  }

  get log(): Log {
    return this.#subject("cloud").log;
  }

  /** A member that joins later. */
  async join(member: MemberOptions): Promise<void> {
    this.fleet.add(member).machine.start();
    await this.until(`${member.name} is up`, () => this.fleet.areUp());
  }

  async restart(name: string): Promise<void> {
    const machine = this.fleet.members.get(name)?.machine;
    if (machine === undefined) throw new Error(`there is no ${name}`);
    await this.drive(machine.close());
    machine.start();
    await this.until(`${name} is up again`, () => machine.subject !== undefined);
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.world.drive(work);
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + 300_000 });
    if (!condition()) throw new Error(`never came true: ${what}`);
  }

  /** Writes into the node's own trail what it has no business to write. `atMs`: wall-clock milliseconds. */
  claim(node: string, type: string, data: unknown, atMs = 0): Promise<unknown> {
    const time = isoTime(atMs);
    const bytes = encodeStoredEvent({ type, source: `/${node}/liar`, time, recordedtime: time, clock: "unknown", class: "public", jurisdiction: "EU/DE", data });
    return this.drive(this.#subject(node).log.append({ records: [{ stream: "audit", class: "public", bytes }] }));
  }

  /** Data of the node's own events of a type, in its audit and alarm streams. */
  async told(node: string, type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { log } = this.#subject(node);
    const found: Readonly<Record<string, unknown>>[] = [];
    for (const stream of ["audit", "alarm"] as const) {
      for (const record of await this.drive(log.read({ origin: log.origin, stream }, 1, { maxRecords: 10_000, maxBytes: 8 << 20 }))) {
        const event = parseStoredEvent(record.bytes, "");
        if (event.type === type && typeof event.data === "object" && event.data !== null) found.push({ ...event.data });
      }
    }
    return found;
  }

  /** The document that stands issued for a node. */
  desired(node: string): Desired | undefined {
    const cell = this.log.cell(`desired/${node}`);
    return cell && desiredSchema.parse(JSON.parse(new TextDecoder().decode(cell)));
  }

  /** `app/function` of what a node runs at this moment; nothing where it is down. */
  runningOn(node: string): readonly string[] {
    const status = this.fleet.members.get(node)?.machine.subject?.status?.();
    return status?.agent.units.map((unit) => `${unit.app}/${unit.name}`).sort() ?? [];
  }

  /** Looks again and again on how many nodes a unit runs. One that stands still does nothing, and one that went on just now has to find out. */
  watchTwice(unit: string): { twice(): readonly string[] } {
    const twice: string[] = [];
    const frozenMs = new Map<string, number>();
    const look = (): void => {
      const { nowMs } = this.world;
      for (const [node, { machine }] of this.fleet.members) if (machine.isFrozen) frozenMs.set(node, nowMs);
      const nodes = [...this.fleet.members.keys()].filter((node) => nowMs - (frozenMs.get(node) ?? Number.NEGATIVE_INFINITY) > findOutMs && this.runningOn(node).includes(unit));
      if (nodes.length > 1) twice.push(`${this.world.nowMs}: ${nodes.join(" and ")}`);
      this.world.after(50, look);
    };
    look();
    return { twice: () => twice };
  }

  /** Whether all that the node wrote about itself is at the root. */
  hasHeard(node: string): boolean {
    const subject = this.#subject(node);
    const lane = { origin: subject.log.origin, stream: "audit" } as const;
    return this.log.head(lane)?.hash === subject.log.head(lane)?.hash;
  }

  #subject(name: string): SimSubject {
    const subject = this.fleet.members.get(name)?.machine.subject;
    if (subject === undefined) throw new Error(`${name} is down`);
    return subject;
  }
}

/** A node that stood still ends what it may not run any more within this. */
const findOutMs = 2_000;

function controlOf(subject: SimSubject): Control {
  if (!("control" in subject) || subject.control === undefined) throw new Error("the root carries no control plane");
  return subject.control as Control; // as the simulator's program boots it
}
