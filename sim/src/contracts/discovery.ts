import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Announcement, Discovery } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { type CreateSubject, withSubject } from "./subject.ts";

/** Nodes that can hear each other. */
export type Neighbours = readonly [Discovery, Discovery, Discovery];

const named = (name: string, site: string, port: number): Announcement => {
  assert.ok(isNodeName(name));
  return { name, site, address: `wss://127.0.0.1:${port}` };
};

/** What every adapter that finds nodes on the network owes. */
export function discoveryContract(name: string, create: CreateSubject<Neighbours>, options: { readonly skip?: string | false } = {}): void {
  describe(`discovery contract: ${name}`, { skip: options.skip ?? false }, () => {
    it("two nodes of one site hear each other's address, and nobody hears itself or another site", () =>
      withSubject(create, async ([first, second, third]) => {
        const heard: string[] = [];
        let bothHeard: () => void = () => undefined;
        const both = new Promise<void>((resolve) => (bothHeard = resolve));
        const listen = (self: string) => (sibling: Announcement) => {
          heard.push(`${self} hears ${sibling.name} of ${sibling.site} at ${sibling.address}`);
          if (heard.some((line) => line.startsWith("gateway-1")) && heard.some((line) => line.startsWith("gateway-2"))) bothHeard();
        };
        const open = [
          await third.open(named("gateway-9", "elsewhere", 7409), listen("gateway-9")),
          await first.open(named("gateway-1", "plant", 7401), listen("gateway-1")),
          await second.open(named("gateway-2", "plant", 7402), listen("gateway-2")),
        ];
        await both;
        for (const one of open) await one.close();
        assert.deepEqual([...new Set(heard)].sort(), [
          "gateway-1 hears gateway-2 of plant at wss://127.0.0.1:7402",
          "gateway-2 hears gateway-1 of plant at wss://127.0.0.1:7401",
        ]);
      }));
  });
}
