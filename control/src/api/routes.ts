/** The control API: a table of routes. `platform` serves it; the OpenAPI document is made from it. */
import { listRoute } from "@holon/core/api/page.ts";
import { eventRoutes } from "@holon/core/api/event-routes.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { appDocumentSchema, blobHashSchema, tierSchema } from "@holon/core/schema/app.ts";
import { driftSchema } from "@holon/core/schema/condition.ts";
import { nodeReportSchema } from "@holon/core/schema/node-report.ts";
import { signatureFilesSchema } from "@holon/core/schema/signatures.ts";
import { z } from "zod";
import type { Control } from "../control.ts";
import type { FleetHost } from "../fleet/link-watch.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { identityRoutes } from "./identity-routes.ts";
import { exportRoutes } from "./export-routes.ts";
import { modelRoutes } from "./model-routes.ts";
import { peopleRoutes } from "./people-routes.ts";
import { planRoutes } from "./plan-routes.ts";
import { policyRoutes } from "./policy-routes.ts";
import { siteRoutes } from "./site-routes.ts";
import { watchRoutes } from "./watch-routes.ts";
import { unheard } from "./unheard.ts";

const nodeSchema = z.object({
  name: z.string(),
  site: z.string(),
  tier: tierSchema,
  jurisdiction: z.string(),
  parent: z.string().nullable(),
  /** Whether it led its site by the last news of that site. */
  leads: z.boolean(),
  api: z.string().nullable(),
  startedAt: z.string(),
  desiredVersion: z.int(),
  /** What it told last of what it is made of; null if it never did. */
  inventory: nodeReportSchema.nullable(),
  reported: z.object({ version: z.int(), outcome: z.enum(["settled", "refused"]), /** How the SHA-256 of the document begins, 16 digits. */ document: z.string().optional(), message: z.string().optional(), at: z.string() }).nullable(),
  /** Where it differs from what it is to be, by what it told last, and since when. */
  drift: z.array(driftSchema),
  /** How far it is trusted, by what its TPM last signed, as of when, and why; null where none was ever asked. */
  trust: z.object({ level: z.enum(["enrolled", "attested"]), asOf: z.string(), because: z.string() }).nullable(),
  /** Milliseconds since it was last heard; null if unknown. */
  heardMs: z.number().nullable(),
  /** It is no node of the fleet any more. */
  isRevoked: z.boolean(),
});
const appRowSchema = z.object({ name: z.string(), version: z.string(), deployedAt: z.string(), functions: z.array(z.string()), models: z.array(z.string()), sources: z.array(z.string()), /** Functions and models that the plan in force leaves out: they stand nowhere, or too few of them do. */ nowhere: z.array(z.string()) });
const imagesSchema = z.strictObject({ files: signatureFilesSchema, app: appDocumentSchema.optional() });
const doneSchema = z.object({ ok: z.literal(true) });
const deployedSchema = doneSchema.extend({ /** What was taken as it stands, and is hardly what its author means. */ warnings: z.array(z.string()) });
const done = { status: 200, body: { ok: true } };

/** With `host`, the fleet can be looked at as it changes. */
export function controlRoutes(control: Control, host?: FleetHost): readonly Route[] {
  return control.once([health, ...nodeRoutes(control), ...(host === undefined ? [] : fleetRoutes(control, host)), ...appRoutes(control), ...blobRoutes(control), ...modelRoutes(control), ...policyRoutes(control), ...planRoutes(control), ...siteRoutes(control), ...exportRoutes(control), ...watchRoutes(control), ...(control.registrar === undefined ? [] : identityRoutes(control.registrar)), ...(control.people === undefined ? [] : peopleRoutes(control.people, host?.call)), ...eventRoutes(control.log, control.people?.show)]);
}

const health: Route = {
  method: "GET",
  path: "/v1/health",
  summary: "Whether the API answers.",
  open: true,
  answer: doneSchema,
  handle: () => Promise.resolve(done),
};

function nodeRoutes(control: Control): readonly Route[] {
  const shown = (name: string) => {
    const node = control.node(name);
    return node && { ...node, inventory: node.inventory ?? null, reported: node.reported ?? null, trust: node.trust ?? null, heardMs: node.heardMs ?? null };
  };
  return [
    listRoute({ path: "/v1/nodes", summary: "All nodes that were ever heard, with what they should run and what they said they run.", rows: "nodes", row: nodeSchema, keyOf: ({ name }) => name, all: () => control.known(), show: ({ name }) => shown(name) }),
    {
      method: "GET",
      path: "/v1/nodes/{node}",
      summary: "One node.",
      answer: nodeSchema,
      handle(request) {
        const row = shown(request.params["node"] ?? "");
        if (row === undefined) return Promise.reject(unheard(control, request.params["node"] ?? ""));
        return Promise.resolve({ status: 200, body: row });
      },
    },
  ];
}

function appRoutes(control: Control): readonly Route[] {
  return [
    listRoute({
      path: "/v1/apps",
      summary: "The apps that are deployed.",
      rows: "apps",
      row: appRowSchema,
      keyOf: ({ name }) => name,
      all: () =>
        control.apps().map(({ document, deployedAt }) => ({
          name: document.name,
          version: document.version,
          deployedAt,
          functions: document.functions.map((fn) => fn.name),
          models: document.models.map((model) => model.name),
          sources: document.sources.map((source) => source.name),
          nowhere: [...new Set(control.unplaced().flatMap(({ unit }) => (unit.startsWith(`${document.name}/`) ? [unit.slice(document.name.length + 1)] : [])))],
        })),
    }),
    {
      method: "PUT",
      path: "/v1/apps/{app}",
      summary: "Deploys an app: its blobs must be here already.",
      versioned: true,
      body: appDocumentSchema,
      answer: deployedSchema,
      async handle(request) {
        const document = appDocumentSchema.parse(request.body);
        if (document.name !== request.params["app"]) throw new HolonError("HOLON_APP_BAD", `the document of ${document.name} was put as ${request.params["app"] ?? ""}`);
        const warnings = await control.deploy(document, request.caller, request.demand);
        return { status: 200, body: { ok: true, warnings }, version: control.apps().find((app) => app.document.name === document.name)?.revision };
      },
    },
    {
      method: "PUT",
      path: "/v1/images",
      summary: "Serves signed metadata of a publisher, and deploys an app with them: their blobs must be here already. Conditions are of the app.",
      versioned: true,
      body: imagesSchema,
      answer: deployedSchema,
      async handle(request) {
        const { files, app } = imagesSchema.parse(request.body);
        const warnings = await control.publish(files, app, request.caller, request.demand);
        return { status: 200, body: { ok: true, warnings } };
      },
    },
    {
      method: "DELETE",
      path: "/v1/apps/{app}",
      summary: "Removes an app from all nodes.",
      versioned: true,
      answer: doneSchema,
      async handle(request) {
        await control.remove(request.params["app"] ?? "", request.caller, request.demand);
        return done;
      },
    },
  ];
}

function blobRoutes(control: Control): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/blobs/{hash}",
      summary: "The bytes of a blob.",
      answer: z.unknown(),
      async handle(request) {
        const hash = blobHashSchema.safeParse(request.params["hash"]);
        if (!hash.success) throw new HolonError("HOLON_ARGUMENT_BAD", "a blob is named by 64 hexadecimal digits");
        return { status: 200, body: await control.blobs.read(hash.data) };
      },
    },
    {
      method: "PUT",
      path: "/v1/blobs/{hash}",
      summary: "Stores a blob under its SHA-256.",
      bytes: true,
      answer: doneSchema,
      async handle(request) {
        const hash = blobHashSchema.safeParse(request.params["hash"]);
        if (!hash.success || !(request.body instanceof Uint8Array)) throw new HolonError("HOLON_ARGUMENT_BAD", "a blob is put as bytes under 64 hexadecimal digits");
        const stored = await control.blobs.put(request.body);
        if (stored !== hash.data) throw new HolonError("HOLON_ARGUMENT_BAD", `the bytes that were put as ${hash.data} have the hash ${stored}`, { next: "Put them under the hash that they have." });
        return done;
      },
    },
  ];
}
