/** Nodes with real certificates, under an authority of their own, in scratch folders that go with the process's tests. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Authority, ClockState, Net } from "@holon/core/ports.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { openAuthority, renewIntermediate } from "../identity/authority.ts";
import { certifyHere } from "../identity/here.ts";
import { NodeIdentity } from "../identity.ts";
import { createNet } from "../net.ts";

/** A wall clock that is set by hand; without a time it is this machine's. */
export interface TestClock {
  ms?: number;
  state: ClockState;
  wall(): { readonly ms: number; readonly state: ClockState };
}

export const testClock = (state: ClockState = "unknown", ms?: number): TestClock => ({
  ...(ms === undefined ? {} : { ms }),
  state,
  wall() {
    return { ms: this.ms ?? Date.now(), state: this.state };
  },
});

export interface TestMember {
  readonly folder: string;
  readonly identity: NodeIdentity;
  readonly clock: TestClock;
  readonly net: Net;
}

export interface TestFleet {
  readonly folder: string;
  readonly authority: Authority;
  /** What a thief of this folder has at present: signs on as it does now. */
  thief(): Promise<Authority>;
  /** The authority, from now on with an intermediate of the next series. */
  stolen(): Promise<Authority>;
  name(text: string): NodeName;
  member(name: string, options?: { readonly validMs?: number; readonly clock?: TestClock; readonly site?: string }): Promise<TestMember>;
  unenrolled(name: string): Promise<TestMember>;
}

export async function testFleet(): Promise<TestFleet> {
  const folder = mkdtempSync(join(tmpdir(), "holon-fleet-"));
  after(() => rmSync(folder, { recursive: true }));
  const authority = await openAuthority(folder, testClock());
  const nameOf = (text: string): NodeName => {
    if (!isNodeName(text)) throw new Error(`${text} is no node name`);
    return text;
  };
  let folders = 0;
  const unenrolled = async (name: string, clock: TestClock): Promise<TestMember> => {
    const own = join(folder, `${name}-${++folders}`);
    const identity = await NodeIdentity.open(own, clock);
    return { folder: own, identity, clock, net: createNet({ name: nameOf(name), identity }) };
  };
  return {
    folder,
    authority,
    async thief() {
      const copy = join(folder, `thief-${++folders}`);
      cpSync(join(folder, "authority"), join(copy, "authority"), { recursive: true });
      return openAuthority(copy, testClock());
    },
    async stolen() {
      await renewIntermediate(folder, testClock(), { isStolen: true });
      return openAuthority(folder, testClock());
    },
    name: nameOf,
    unenrolled: (name) => unenrolled(name, testClock()),
    async member(name, { validMs, clock = testClock(), site = "plant" } = {}) {
      const member = await unenrolled(name, clock);
      await certifyHere(member.identity, authority, { node: name, site, tier: "gateway" }, testClock(), validMs);
      return member;
    },
  };
}
