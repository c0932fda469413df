/** A cloud with control and two gateways that pinned a publisher's root; the publisher is outside, and so is who has stolen the control plane. */
import { hash } from "node:crypto";
import { canonicalJson } from "@holon/core/json.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Director, SignedTarget } from "@holon/core/ports.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import { documentTarget, fileTargets } from "@holon/core/trust/targets.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";
import type { Control } from "@holon/control/index.ts";
import type { NodeStatus } from "@holon/node/index.ts";
import { calmDevices } from "../door.ts";
import { Fleet, type Machine } from "../fleet.ts";
import { createModel } from "../model.ts";
import { holonProgram } from "../programs/program.ts";
import { createRunner } from "../runner.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";
import { createDirector, createTrust, SimRepository } from "../trust.ts";
import { World } from "../world.ts";

const codeOf = (word: string): Uint8Array => new TextEncoder().encode(`export default {
  kind: "holon.function", on: { type: "sim.reading" }, emits: { "sim.told": { stream: "data", class: "derived" } }, models: [],
  run(event, context) { context.emit("sim.told", { data: { by: "${word}" } }); },
};`);
const words = ["one", "two", "evil"] as const;
type Word = (typeof words)[number];

export const hashOf = (bytes: Uint8Array): BlobHash => {
  const text = hash("sha256", bytes);
  if (!isBlobHash(text)) throw new Error(text);
  return text;
};

/** An app of one function at the gateways. */
export const appOf = (word: Word, version: string, more: Partial<AppDocument> = {}): AppDocument => appDocumentSchema.parse({
  name: "teller",
  version,
  sources: [{ kind: "replay", name: "device", type: "sim.reading", files: [{ path: "device", subject: "device" }], columns: { value: "value" } }],
  functions: [{ name: "tell", code: hashOf(codeOf(word)), on: { type: "sim.reading" }, emits: { "sim.told": { stream: "data", class: "derived" } } }],
  models: [],
  egress: [{ class: "derived", to: "*" }],
  ...more,
});

/** What a publisher signs of an app. */
export function targetsOf(app: AppDocument, word: Word): Readonly<Record<string, SignedTarget>> {
  const bytes = new TextEncoder().encode(canonicalJson(app));
  const files = fileTargets(app).map(([target, code]) => [target, { hash: code, lengthBytes: codeOf(word).length }]);
  return { [documentTarget(app)]: { hash: hashOf(bytes), lengthBytes: bytes.length }, ...Object.fromEntries(files) };
}

export interface SignedOptions {
  readonly director?: Director;
  /** Whether the gateways pinned the publisher's root; so they did where it is not said. */
  readonly isPinned?: boolean;
  readonly isRequired?: boolean;
  /** Whether the gateways pinned the root of the director called `director`, as who enrols with it does. */
  readonly isDirectorPinned?: boolean;
}

export class SignedFleet {
  readonly world = new World(5);
  readonly publisher = new SimRepository("publisher");
  /** Every start of a function, by node and the word in its code. */
  readonly ran: string[] = [];
  readonly fleet: Fleet;
  #director: Director;

  static async start(options: SignedOptions = {}): Promise<SignedFleet> {
    const [{ boot }, runner] = [await holonProgram(), createRunner()];
    for (const word of words) await runner.prepare(word, codeOf(word));
    const signed = new SignedFleet(options, { boot, sandbox: () => ({ model: createModel(), runner }) });
    await signed.fleet.bringUp();
    for (const word of words) await signed.drive(signed.control.blobs.put(codeOf(word)));
    await signed.until("all are heard", () => signed.control.nodes().length === 3);
    return signed;
  }

  private constructor({ director = createDirector("director"), isPinned = true, isRequired = false, isDirectorPinned = false }: SignedOptions, program: SubjectProgram) {
    this.#director = director;
    this.fleet = new Fleet(this.world, program);
    const trust = createTrust({ ...(isPinned ? { images: this.publisher.root() } : {}), ...(isDirectorPinned ? { director: new SimRepository("director").root() } : {}) });
    this.fleet.add({ name: "cloud", tier: "cloud", wrap: (ports) => ({ ...ports, director: { roots: (nowMs) => this.#director.roots(nowMs), sign: (choice) => this.#director.sign(choice) } }) });
    for (const name of ["gateway-1", "gateway-2"]) {
      this.fleet.add({
        name, tier: "gateway", parent: "cloud", devices: { ...calmDevices, readingsPerSecond: 2 },
        ...(isRequired ? { signatures: "required" } : {}),
        wrap: (ports) => ({
          ...ports, trust,
          runner: {
            start: (started, first) => {
              this.ran.push(`${name} ${words.find((word) => new TextDecoder().decode(started.code).includes(`"${word}"`)) ?? "unknown"}`);
              return ports.runner.start(started, first);
            },
          },
        }),
      });
    }
  }

  /** Whoever has control's keys signs with them as he likes. */
  steal(director: Director): void {
    this.#director = director;
  }

  get control(): Control {
    const subject = this.subject("cloud");
    if (!("control" in subject) || subject.control === undefined) throw new Error("the cloud carries no control plane");
    return subject.control as Control; // as the simulator's program boots it
  }

  subject(name: string): SimSubject {
    const { subject } = this.machine(name);
    if (subject === undefined) throw new Error(`${name} is down`);
    return subject;
  }

  machine(name: string): Machine {
    const machine = this.fleet.members.get(name)?.machine;
    if (machine === undefined) throw new Error(`there is no ${name}`);
    return machine;
  }

  status(name = "gateway-1"): NodeStatus {
    const status = this.subject(name).status?.();
    if (status === undefined) throw new Error(`${name} has no status`);
    return status;
  }

  /** Puts files of metadata where control serves them from. */
  async upload(files: ReadonlyMap<string, Uint8Array>): Promise<SignatureFiles> {
    const named: Record<string, BlobHash> = {};
    for (const [file, bytes] of files) named[file] = await this.drive(this.control.blobs.put(bytes));
    return named;
  }

  /** The publisher signs an app, and it is deployed. */
  async release(app: AppDocument, word: Word, options: Parameters<SimRepository["publish"]>[1] = {}): Promise<void> {
    this.publisher.publish(targetsOf(app, word), options);
    await this.drive(this.control.publish(await this.upload(this.publisher.files()), app));
  }

  /** Writes a document into control's log past all of its code, as who has its disk can. */
  async forge(node: string, change: (issued: Desired) => Partial<Desired>): Promise<void> {
    const cell = this.subject("cloud").log.cell(`desired/${node}`);
    const issued = desiredSchema.parse(JSON.parse(new TextDecoder().decode(cell)));
    const document = { ...issued, version: issued.version + 1, ...change(issued) };
    await this.drive(this.subject("cloud").log.append({ cells: [{ key: `desired/${node}`, value: new TextEncoder().encode(canonicalJson(document)) }] }));
  }

  /** Codes of refusals in the node's own trail, each once; resolves when there is one. */
  async refusals(name = "gateway-1"): Promise<readonly string[]> {
    for (let waits = 0; waits < 200; waits++) {
      const codes = await this.#refusalsNow(name);
      if (codes.length > 0) return [...new Set(codes)];
      await this.pass(100);
    }
    throw new Error(`${name} refused nothing`);
  }

  async #refusalsNow(name: string): Promise<readonly string[]> {
    const { log } = this.subject(name);
    const records = await this.drive(log.read({ origin: log.origin, stream: "audit" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
    return records.flatMap(({ bytes }) => {
      const { type, data } = parseStoredEvent(bytes, "");
      return type === "holon.node.reported" && typeof data === "object" && data !== null && "outcome" in data && data.outcome === "refused" && "code" in data ? [String(data.code)] : [];
    });
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.world.drive(work);
  }

  async until(what: string, condition: () => boolean, boundMs = 120_000): Promise<void> {
    await this.world.run({ condition, timeMs: this.world.nowMs + boundMs });
    if (!condition()) throw new Error(`never came true: ${what}; ${JSON.stringify(this.machine("gateway-1").subject?.status?.().agent)}`);
  }

  async pass(ms: number): Promise<void> {
    await this.world.run({ timeMs: this.world.nowMs + ms });
  }
}
