/** A small fleet with all that can forbid a place: what `smallInstance` has (accelerators, whole, in parts and several at once, execution providers, values that are old or unknown), and nodes that are gone or silent, loads, rooms that nobody knows, data that stay, seals, policies and spread. */
import { chanceFrom } from "../../chance.ts";
import { inventorySchema } from "../../schema/inventory.ts";
import { appNeedsSchema } from "../../schema/needs.ts";
import { handedInstance, smallInstance, type Instance } from "../by-chance.ts";

export function caseInstance(seed: number): Instance {
  const small = seed % 3 === 0 ? handedInstance(seed) : smallInstance(seed);
  const chance = chanceFrom(seed + 15_485_863);
  const often = (share: number): boolean => chance.share() < share;
  const asOfMs = small.nowMs - (often(0.1) ? 30 : 0) * 86_400_000;
  const nodes = small.inventory.nodes.map((node) => ({
    ...node,
    state: often(0.08) ? "gone" : often(0.08) ? "silent" : "present",
    capacity: { ...node.capacity, ...(often(0.7) ? { diskBytes: 1e9 * (1 + chance.below(40)) } : {}), ...(often(0.05) ? { memoryBytes: undefined } : {}), ...(often(0.1) ? { asOfMs } : {}), ...(often(0.2) ? { accelerators: { model: often(0.5) ? "t4" : "a10", count: 1 + chance.below(8) } } : {}) },
    ...(often(0.5) ? { load: { processors: { value: chance.share(), asOfMs, source: "measured" as const }, memoryBytes: { value: chance.below(400) * 2 ** 20, asOfMs, source: "measured" as const } } } : {}),
  }));
  const sites = [...new Set(nodes.map(({ site }) => site))];
  const site = (): string => sites[chance.below(sites.length)] ?? "cloud";
  const apps = small.apps.map(({ app, units, flows }) => ({
    app,
    flows,
    units: units.map((unit) => ({
      ...unit,
      ...(often(0.12) ? { classes: [often(0.5) ? "raw" : "personal"], sources: [{ site: site(), bytesPerMonth: chance.below(1e9) }] } : {}),
      ...(often(0.05) ? { sealedTo: [site(), site()] } : {}),
      ...(often(0.1) ? { forbidden: Object.fromEntries(nodes.filter(() => often(0.4)).map(({ name }) => [name, "a rule"])) } : {}),
      ...(often(0.05) ? { leftTo: { site: site(), node: "node-0" } } : {}),
      ...(often(0.1) ? { tiers: [often(0.5) ? "edge" : "gateway", "cloud"] } : {}),
      ...(often(0.15) ? { replicas: 2, spread: often(0.5) ? "site" : "node" } : {}),
      ...(often(0.2) ? { onIsolation: "stop" } : {}),
      ...(often(0.08) ? { accelerator: { need: often(0.7) ? "required" : "preferred", ...(often(0.6) ? { count: 1 + chance.below(4) } : { milli: 50 * (1 + chance.below(20)) }) } } : {}),
      ...(often(0.06) ? { providers: [often(0.5) ? "cuda" : "openvino"] } : {}),
      ...(often(0.3) ? { diskBytes: chance.below(8) * 1e9 } : {}),
      priority: chance.below(10),
    })),
  }));
  return { ...small, inventory: inventorySchema.parse({ links: small.inventory.links, nodes: nodes.map(({ capacity, ...node }) => ({ ...node, capacity: Object.fromEntries(Object.entries(capacity).filter(([, value]) => value !== undefined)) })) }), apps: apps.map((app) => appNeedsSchema.parse(app)) };
}

