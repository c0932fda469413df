/** What a console looks at: the whole fleet as it changes, one node over the links, and where an app is. */
import { JsonText } from "@holon/core/api/json-text.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { statusMethods } from "@holon/core/schema/links-report.ts";
import { standingNext, standingText } from "@holon/core/telemetry/standing.ts";
import { isNodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Control } from "../control.ts";
import { appPlacesSchema, placesOf } from "../fleet/app-places.ts";
import { createFleetView, fleetSchema } from "../fleet/fleet-view.ts";
import { planAnswerSchema } from "./plan-routes.ts";
import { unheard } from "./unheard.ts";
import type { FleetHost } from "../fleet/link-watch.ts";

const sinceSchema = z.strictObject({
  run: z.string().max(64).optional(),
  since: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(limits.fleetPageMax).default(limits.apiPageMax),
  cursor: z.coerce.number().int().min(0).default(0),
});
const nodeStatusSchema = z.looseObject({ status: z.looseObject({ node: z.string() }) });

export function fleetRoutes(control: Control, host: FleetHost): readonly Route[] {
  const view = createFleetView(control, host);
  return [
    {
      method: "GET",
      path: "/v1/continuum",
      summary: "The fleet in brief, with the state of its links; with `run` and `since` of an answer only what has changed after it. By pages: `next` is the `cursor` of the one behind.",
      query: sinceSchema,
      answer: fleetSchema,
      async handle({ query }) {
        const { run, since, limit, cursor } = sinceSchema.parse(query);
        return { status: 200, body: new JsonText(await view.since(run, since, { rows: limit, behind: cursor })) };
      },
    },
    {
      method: "GET",
      path: "/v1/nodes/{node}/status",
      summary: "What runs on a node at this moment, asked over the links that it made itself.",
      answer: nodeStatusSchema,
      async handle({ params }) {
        const { node = "" } = params;
        if (!isNodeName(node) || control.node(node) === undefined) throw unheard(control, node);
        const answer = nodeStatusSchema.parse(await host.call(node, statusMethods.node, {}, limits.nodeStatusAskMs).catch((error: unknown) => awayOf(host, node, error)));
        return { status: 200, body: nodeStatusSchema.parse({ ...answer, status: control.times.status(node, answer.status) }) };
      },
    },
    {
      method: "GET",
      path: "/v1/apps/{app}",
      summary: "One app: its document, which deployment of it stands, and where its parts are to run by the documents that stand issued.",
      answer: appPlacesSchema.extend({ document: appDocumentSchema, revision: z.string(), /** Replicas that stand nowhere, and what keeps each from the nodes. */ nowhere: planAnswerSchema.shape.left }),
      async handle({ params }) {
        const app = control.apps().find(({ document }) => document.name === params["app"]);
        if (app === undefined) throw new HolonError("HOLON_APP_MISSING", `no app ${params["app"] ?? ""} is deployed`, { next: "See `holon app list`." });
        const held = control.unplaced().some(({ unit }) => unit.startsWith(`${app.document.name}/`)) ? await control.plan() : undefined;
        const nowhere = held === undefined ? [] : (await control.left(held)).filter(({ unit }) => unit.startsWith(`${app.document.name}/`));
        return { status: 200, body: { ...placesOf(app, [...control.looks()].map(({ node, isRevoked }) => ({ name: node.name, tier: node.tier, isRevoked })), control.log), document: app.document, revision: app.revision, nowhere }, version: app.revision };
      },
    },
  ];
}

const silentCodes: ReadonlySet<string> = new Set(["HOLON_NODE_UNKNOWN", "HOLON_LINK_UNREACHABLE", "HOLON_CALL_TIMEOUT"]);

/** Of who gives no answer is told how it stands, and what to do about it: that there is no way to it says nothing of that. */
async function awayOf({ standing }: FleetHost, node: string, error: unknown): Promise<never> {
  const row = silentCodes.has(toHolonError(error).code) ? await standing?.(node) : undefined;
  if (row === undefined) throw error;
  const above = row.parent === null ? undefined : await standing?.(row.parent);
  throw new HolonError(row.state === "revoked" ? "HOLON_NODE_UNKNOWN" : "HOLON_DIAGNOSIS_AWAY", standingText(row), { cause: error, next: standingNext(row, above) });
}
