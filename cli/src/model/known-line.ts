/**
 * What control knows of the nodes from one up to another and of the ways between them, as a cut of a model rests on it. What was told too long ago is as unknown as what was never told: a way is then
 * refused, and a price left out, and said.
 */
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { freshValue } from "@holon/core/placement/fleet.ts";
import type { ChainWay } from "@holon/core/placement/cut-chain.ts";
import { measuredSchema, type Measured } from "@holon/core/schema/inventory.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";
import type { SplitPlace } from "@holon/node/model/split-model.ts";
import { z } from "zod";

const told = measuredSchema.optional();
export const knownNodeSchema = z.object({
  name: z.string(),
  tier: tierSchema,
  inventory: z.object({ prices: z.object({ perProcessorHour: told }), uplink: z.object({ parent: z.string(), latencyMs: told, bytesPerSecond: told, perGigabyte: told }).optional() }).nullable(),
});
export type KnownNode = z.infer<typeof knownNodeSchema>;

export interface KnownLine {
  readonly places: readonly (SplitPlace & { readonly tier: KnownNode["tier"] })[];
  readonly ways: readonly ChainWay[];
  /** What was left out, for people. */
  readonly notes: readonly string[];
  /** The oldest value that was used; undefined: none was. Wall-clock milliseconds. */
  readonly asOfMs: number | undefined;
}

/** `wholeMs`: of the whole model on a node, where somebody says. `HOLON_NODE_UNKNOWN`, `HOLON_ARGUMENT_BAD`, `HOLON_PLACEMENT_UNMET`. */
export function knownLine(nodes: readonly KnownNode[], { from, to, nowMs, staleAfterMs, wholeMs }: { readonly from: string; readonly to: string; readonly nowMs: number; readonly staleAfterMs: number; wholeMs(node: string): number | undefined }): KnownLine {
  const notes: string[] = [];
  const used: number[] = [];
  const fresh = (measured: Measured | undefined): number | undefined => {
    const value = freshValue(measured, nowMs, staleAfterMs);
    if (measured !== undefined && value !== undefined) used.push(measured.asOfMs);
    return value;
  };
  const unknown = (measured: Measured | undefined): string => (measured === undefined ? "is unknown" : `was told last as of ${isoTime(measured.asOfMs)}, and is taken for unknown`);

  function placeOf({ name, tier, inventory }: KnownNode): KnownLine["places"][number] {
    const price = fresh(inventory?.prices.perProcessorHour);
    if (price === undefined) notes.push(`what a processor of ${name} costs ${unknown(inventory?.prices.perProcessorHour)}, and left out`);
    const own = wholeMs(name);
    if (own === undefined) notes.push(`how long the model takes on ${name} was not said (--ms ${name}=MS): as long as on this machine`);
    return { name, tier, perProcessorHour: price ?? 0, ...(own === undefined ? {} : { wholeMs: own }) };
  }

  function wayOf({ name, inventory }: KnownNode): ChainWay {
    const { uplink } = inventory ?? {};
    const [latencyMs, bytesPerSecond, perGigabyte] = [fresh(uplink?.latencyMs), fresh(uplink?.bytesPerSecond), fresh(uplink?.perGigabyte)];
    if (latencyMs === undefined || bytesPerSecond === undefined) {
      const [what, measured] = latencyMs === undefined ? ["the latency", uplink?.latencyMs] : ["the bandwidth", uplink?.bytesPerSecond];
      throw new HolonError("HOLON_PLACEMENT_UNMET", `${what} of the way up from ${name} ${unknown(measured)}, and a cut rests on it`, { next: "It is measured where bytes cost nothing; else declare `inventory.uplink` in the node's file: latencyMs, bytesPerSecond." });
    }
    if (perGigabyte === undefined) notes.push(`what a gigabyte up from ${name} costs ${unknown(uplink?.perGigabyte)}, and left out`);
    return { latencyMs, bytesPerSecond: Math.max(1, bytesPerSecond), perGigabyte: perGigabyte ?? 0 };
  }

  const line = lineOf(nodes, from, to);
  const [places, ways] = [line.map(placeOf), line.slice(0, -1).map(wayOf)];
  return { places, ways, notes, asOfMs: used.length === 0 ? undefined : Math.min(...used) };
}

/** The nodes from one up to the other. */
function lineOf(nodes: readonly KnownNode[], from: string, to: string): readonly KnownNode[] {
  const find = (name: string): KnownNode => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `no node ${name} was ever heard`);
    return node;
  };
  find(to);
  const line = [find(from)];
  for (let at = line[0]; at !== undefined && at.name !== to; at = line.at(-1)) {
    const parent = at.inventory?.uplink?.parent;
    if (parent === undefined || line.length > nodes.length) throw new HolonError("HOLON_ARGUMENT_BAD", `${to} does not stand above ${from}, as far as is known: the way ends at ${at.name}`);
    line.push(find(parent));
  }
  return line;
}
