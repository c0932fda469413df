/** What `holon doctor` says at a node without control, as on an island or at a gateway's own machine: what is wrong with that node and with those below it. */
import { clockHereText } from "@holon/core/drift.ts";
import { examinedSchema, findingsOf, type Finding } from "@holon/core/diagnosis/findings.ts";
import { toHolonError } from "@holon/core/errors.ts";
import type { FleetRow } from "@holon/core/telemetry/fleet-status.ts";
import { standingNext, standingText } from "@holon/core/telemetry/standing.ts";
import { z } from "zod";
import type { Client } from "../client.ts";
import { wholeFleet } from "./node-telemetry.ts";

const ownSchema = examinedSchema.extend({ node: z.string(), agent: examinedSchema.shape.agent.extend({ version: z.int() }) });
/** Of those below that are away, this many are named. */
const awayMax = 16;

export async function withoutControl(client: Client, api: string): Promise<readonly Finding[]> {
  const own = await client.get("/v1/status", ownSchema).catch(toHolonError);
  if (!("node" in own)) return [{ check: "nodes", state: "bad", says: own.message, next: own.next }];
  const { node, agent } = own;
  const runs = agent.version === 0 ? "it has no desired document yet" : `it runs desired document ${agent.version}`;
  const told: Finding = { check: "nodes", state: "ok", says: `${node}, which carries no control: ${runs}`, next: `More of ${node} itself: \`holon node diagnose ${node} --api ${api}\`. Of the fleet: \`holon doctor --api URL\`, with the API of the node that carries control.` };
  return [told, ...findingsOf(node, own), ...(await below(client, node))];
}

/** Nothing where a role may not ask, and where the node keeps no telemetry. */
async function below(client: Client, node: string): Promise<readonly Finding[]> {
  const fleet = await wholeFleet(client).catch(() => undefined);
  if (fleet === undefined) return [];
  const { offMs } = fleet.clock;
  const clock: readonly Finding[] = offMs === null ? [] : [{ check: "clock", state: "warn", says: clockHereText(offMs), next: "Set its clock, or start a time service there." }];
  const away = fleet.nodes.filter((row) => row.node !== node && isAway(row));
  const findings = away.slice(0, awayMax).map((row): Finding => ({ check: row.node, state: "warn", says: standingText(row), next: standingNext(row, fleet.nodes.find((other) => other.node === row.parent)) }));
  const more: readonly Finding[] = away.length <= awayMax ? [] : [{ check: "nodes", state: "warn", says: `${away.length - awayMax} more below it are away`, next: "See `holon node status`." }];
  return [...clock, ...findings, ...more];
}

const isAway = ({ state }: FleetRow): boolean => state === "silent" || state === "gone" || state === "awaited";
