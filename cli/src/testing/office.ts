/** Who belongs to a fleet is decided here, with a real authority and a real log, and with clocks that are set by hand. */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openFleetTime } from "@holon/control/fleet-time.ts";
import { openRegistrar, type Registrar } from "@holon/control/identity/registrar.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { encodeStoredEvent, parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { openTempLog, tempFolder } from "@holon/node/testing/temp-log.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { readToken } from "@holon/platform/identity/token.ts";
import { NodeIdentity, type Tpm } from "@holon/platform/identity.ts";

/** Control of a fleet in a folder, which can be ended and opened again; its clocks stand until they are set. */
export class Office {
  readonly folder: string;
  wallMs = Date.UTC(2026, 5, 1);
  monotonicMs = 0;
  spreads = 0;
  registrar: Registrar | undefined;
  /** Control's own, of its present life. */
  identity: NodeIdentity | undefined;
  #log: Awaited<ReturnType<typeof openTempLog>> | undefined;
  #number = 0;

  constructor(context: TestContext) {
    this.folder = tempFolder(context);
    context.after(() => this.#log?.close());
  }

  get clock(): Clock {
    return { monotonicMs: () => this.monotonicMs, elapsedMs: () => this.monotonicMs, wall: () => ({ ms: this.wallMs, state: "unknown" }), after: () => ({ cancel: () => undefined }) };
  }

  async open(): Promise<Registrar> {
    const log = await openTempLog(this.folder, { name: "cloud-1" });
    this.#log = log;
    const authority = await openAuthority(this.folder, this.clock);
    const identity = await NodeIdentity.open(this.folder, this.clock);
    this.identity = identity;
    await certifyHere(identity, authority, { node: "cloud-1", site: "cloud", tier: "cloud" }, this.clock);
    this.registrar = await openRegistrar({
      log, clock: this.clock, time: await openFleetTime({ log, clock: this.clock }), crypto: createCrypto(), authority, identity, certificateMs: limits.certificateMs, address: "wss://127.0.0.1:7401",
      record: (type, subject, data) => ({ stream: "audit", class: "public", bytes: encodeStoredEvent({ type, source: "/cloud-1/control", subject, time: isoTime(0), recordedtime: isoTime(0), clock: "unknown", class: "public", jurisdiction: "EU", data }) }),
      spread: () => void (this.spreads += 1),
    });
    return this.registrar;
  }

  async again(): Promise<Registrar> {
    await this.close();
    return this.open();
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  /** What a control of before did not keep. */
  async forget(...cells: readonly string[]): Promise<void> {
    await this.#log?.append({ cells: cells.map((key) => ({ key, value: null })) });
  }

  /** A node in a folder of its own. */
  node(tpm?: Tpm): Promise<NodeIdentity> {
    return this.nodeIn(`node-${++this.#number}`, tpm);
  }

  nodeIn(folder: string, tpm?: Tpm): Promise<NodeIdentity> {
    return NodeIdentity.open(join(this.folder, folder), this.clock, tpm);
  }

  async trail(type: string): Promise<readonly unknown[]> {
    const lane = [...(this.#log?.heads().values() ?? [])].find(({ lane: { stream } }) => stream === "audit")?.lane;
    const records = lane === undefined ? [] : ((await this.#log?.read(lane, 1, { maxRecords: 1_000, maxBytes: 1 << 20 })) ?? []);
    return records.filter(({ bytes }) => bytes[0] === 0x7b).map((record) => parseStoredEvent(record.bytes, "")).filter((event) => event.type === type).map(({ data }) => data);
  }
}

/** Enrols a node. */
export async function enrolled(registrar: Registrar, identity: NodeIdentity, token: string): Promise<void> {
  const read = readToken(token);
  await identity.adoptFirst(await registrar.enroll(await identity.enrolment(read)), read);
}
