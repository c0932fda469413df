/** The plan over HTTP: what is placed where, what changed, and why. */
import { shiftedSchema } from "@holon/core/schema/energy.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { planText } from "@holon/core/placement/planner.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { keptPlanSchema, planSchema } from "@holon/core/schema/plan.ts";
import { whatIfAskSchema, whatIfReportSchema } from "@holon/core/schema/what-if.ts";
import { z } from "zod";
import type { Control } from "../control.ts";
import { changesOf } from "../plan/planner.ts";

export const planAnswerSchema = z.object({
  plan: planSchema,
  adoptedAt: z.string(),
  /** What had changed, for people. */
  because: z.string(),
  /** One line a replica, against the plan before: `+` placed, `-` no longer, `~` moved. */
  changes: z.array(z.string()),
  /** One line a decision: what the plan's hash is of. */
  text: z.string(),
  /** The first of those that stand nowhere, and what keeps each from the nodes; null where another version of the planner left it out. */
  left: z.array(z.object({ unit: z.string(), replica: z.number(), why: z.string().nullable() })),
});
/** Of one that was adopted, its hash or how that begins; without it the plan in force. */
const hashSchema = z.string().regex(/^[0-9a-f]{8,64}$/, "a plan is named by 8 digits of its hash or more, as `holon plan list` shows them").optional();
const planQuerySchema = z.strictObject({ plan: hashSchema });
const adoptedQuerySchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(limits.plansTold).default(50) });
export const adoptedAnswerSchema = z.object({
  /** The newest first. */
  plans: z.array(z.object({ hash: z.string(), parent: z.string().nullable(), adoptedAt: z.string(), because: z.string(), placements: z.number(), unplaced: z.number(), moves: z.number(), costPerMonth: z.number(), /** The first lines of its diff, and how many there are. */ changes: z.array(z.string()), changed: z.number() })),
});
const explainQuerySchema = z.strictObject({ plan: hashSchema, /** `app/unit`. */ unit: z.string().min(1).max(128), node: z.string().min(1).max(63) });
export const explainAnswerSchema = z.object({ verdict: z.enum(["chosen", "rejected"]), reason: z.string(), /** One line. */ text: z.string() });
export const movesAnswerSchema = z.array(
  z.object({ unit: z.string(), from: z.string(), to: z.string(), /** `leaving`: it is worked off; `sealed`: it departed, and its new home may ask for it; `given`: it was granted; `kept`: it stays where it was for a while. */ phase: z.enum(["leaving", "sealed", "given", "kept"]), because: z.string().nullable() }),
);
export const runsAnswerSchema = z.array(z.object({ node: z.string(), ...shiftedSchema.shape }));
export const previewSchema = z.object({
  changes: z.array(z.object({ /** `%`: more or less of a model that asks another is done on the node. */ change: z.enum(["+", "-", "!", "%"]), unit: z.string(), node: z.string(), why: z.string() })),
  refused: z.string().nullable(),
  costPerMonth: z.number().nullable(),
  /** What would be taken as it stands, and is hardly what its author means. */
  warnings: z.array(z.string()),
});

export function planRoutes(control: Control): readonly Route[] {
  return [
    ...simulateRoutes(control),
    {
      method: "GET",
      path: "/v1/plan",
      summary: "The plan in force, or one that was: where everything with needs is placed, and what changed.",
      query: planQuerySchema,
      answer: planAnswerSchema,
      async handle({ query }) {
        const { plan: hash } = planQuerySchema.parse(query);
        const held = hash === undefined ? await control.plan() : await control.planNamed(hash);
        if (held === undefined) throw new HolonError("HOLON_PLAN_MISSING", "no plan was adopted: nothing that is deployed has needs");
        const { plan, inputs, known } = held;
        const changes = [...changesOf(plan, inputs.previous)];
        return { status: 200, body: { plan, adoptedAt: known.adoptedAt, because: known.because, changes, text: planText(plan), left: [...(await control.left(held))] }, version: plan.hash };
      },
    },
    {
      method: "GET",
      path: "/v1/plan/adopted",
      summary: "Plans that were adopted, the newest first: when, why, and what they changed.",
      query: adoptedQuerySchema,
      answer: adoptedAnswerSchema,
      async handle({ query }) {
        const plans = await control.plansAdopted(adoptedQuerySchema.parse(query).limit);
        return { status: 200, body: { plans: plans.map(({ hash, parent, adoptedAt, because, placements, unplaced, moves, costPerMonth, changes, changed }) => ({ hash, parent, adoptedAt, because, placements, unplaced, moves, costPerMonth, changes, changed })) } };
      },
    },
    {
      method: "GET",
      path: "/v1/plan/inputs",
      summary: "The plan in force, or one that was, with all that it was made from: policy, inventory, needs. `holon plan simulate --here` lives through it.",
      query: planQuerySchema,
      answer: keptPlanSchema,
      async handle({ query }) {
        const { plan: hash } = planQuerySchema.parse(query);
        const held = hash === undefined ? await control.plan() : await control.planNamed(hash);
        if (held === undefined) throw new HolonError("HOLON_PLAN_MISSING", "no plan was adopted: nothing that is deployed has needs");
        return { status: 200, body: { plan: held.plan, inputs: held.inputs }, version: held.plan.hash };
      },
    },
    {
      method: "GET",
      path: "/v1/plan/explain",
      summary: "Why a unit is on a node, or not: worked out anew from what the plan in force, or one that was, was made from.",
      query: explainQuerySchema,
      answer: explainAnswerSchema,
      async handle({ query }) {
        const parsed = explainQuerySchema.safeParse(query);
        if (!parsed.success) throw new HolonError("HOLON_ARGUMENT_BAD", "an explanation is of `unit`, as app/unit, and `node`; `plan` is 8 digits of a plan's hash or more");
        return { status: 200, body: await control.explain(parsed.data.unit, parsed.data.node, parsed.data.plan) };
      },
    },
    {
      method: "GET",
      path: "/v1/plan/moves",
      summary: "Units on their way from one node to another.",
      answer: movesAnswerSchema,
      handle: () => Promise.resolve({ status: 200, body: control.moves().map(({ unit, from, to, phase, because }) => ({ unit, from, to, phase, because: because ?? null })) }),
    },
    {
      method: "GET",
      path: "/v1/plan/runs",
      summary: "Runs of jobs that were done: when they were let run, and what that saved by the curve as it came.",
      answer: runsAnswerSchema,
      handle: () => Promise.resolve({ status: 200, body: control.runs() }),
    },
    {
      method: "POST",
      path: "/v1/plan/preview",
      summary: "What would come of deploying an app, and why. Nothing is changed.",
      body: appDocumentSchema,
      answer: previewSchema,
      async handle({ body }) {
        const { changes, refused, costPerMonth, warnings } = await control.preview(appDocumentSchema.parse(body));
        return { status: 200, body: { changes, refused: refused ?? null, costPerMonth: costPerMonth ?? null, warnings } };
      },
    },
  ];
}

function simulateRoutes({ simulate }: Control): readonly Route[] {
  if (simulate === undefined) return [];
  return [
    {
      method: "POST",
      path: "/v1/plan/simulate",
      summary: "Hours with failures on a copy of the fleet: as planned now, and planned anew after each loss. Nothing of the fleet is touched; one at a time, within two minutes, and only for as long as the caller waits.",
      body: whatIfAskSchema,
      answer: whatIfReportSchema,
      // Whoever asks with a key may come back for the answer.
      handle: async ({ body, gone, idempotencyKey }) => ({ status: 200, body: await simulate(whatIfAskSchema.parse(body), idempotencyKey === undefined ? gone : undefined) }),
    },
  ];
}
