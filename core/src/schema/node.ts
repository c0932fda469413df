/** `holon.node.yaml`: what a node is told at birth. Everything else comes down the link. */
import { z } from "zod";
import { diagnosisSettingsSchema } from "../diagnosis/settings.ts";
import { limits } from "../limits.ts";
import { priceClasses } from "../link/budget.ts";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";
import { nameSchema, tierSchema } from "./app.ts";
import { placementWeightsSchema } from "./needs.ts";
import { declaredInventorySchema } from "./node-report.ts";
import { sealingSchema } from "./sealing.ts";
import { telemetrySettingsSchema } from "../telemetry/settings.ts";
import { alertingSchema } from "./alerting.ts";
import { powerSchema, pricesSchema } from "./prices.ts";
import { providerSchema } from "./provider.ts";

const streamRetentionSchema = z.strictObject({ maxAgeMs: z.number().positive().optional(), maxBytes: z.number().positive().optional() });

/** What the log may let go of. Alarms and audit go only when they are safe elsewhere, whatever stands here. */
export const retentionSchema = z.strictObject({
  streams: z
    .strictObject({ alarm: streamRetentionSchema, data: streamRetentionSchema, telemetry: streamRetentionSchema, audit: streamRetentionSchema, local: streamRetentionSchema })
    .partial(),
  /** Of the whole log; beyond it streams give way in the declared order. */
  maxBytes: z.number().positive().optional(),
  /** Size of one file of the log, from which on the next begins: what is let go of goes by whole files. Undefined: 64 MiB, on a small volume a 16th of the room that there is for the log. */
  segmentBytesMax: z.int().min(limits.segmentBytesMin).max(limits.segmentBytesMax).optional(),
});

/** Another enrolled member of this node's site. Without an address it is found by discovery. */
const siblingSchema = z.strictObject({ name: nameSchema, address: z.string().optional() });

const jurisdictionSchema = z.string().regex(jurisdictionPattern);

const fields = z.strictObject({
  apiVersion: z.literal("holon/v1").default("holon/v1"),
  name: nameSchema,
  site: nameSchema,
  tier: tierSchema,
  jurisdiction: jurisdictionSchema,
  /** Runs the control plane as well. */
  control: z.boolean().default(false),
  /** Address for children; without it the node takes none. */
  listen: z.string().optional(),
  /** The parent's address; without it the node is a root. */
  parent: z.string().optional(),
  retention: retentionSchema.optional(),
  /** The other enrolled members of the site; they reach this node at `listen`. */
  siblings: z.array(siblingSchema).max(limits.siteMembersMax - 1).default([]),
  /** Which node the parent must prove to be (any of the fleet without it), where it stands, and what the way there may cost: bytes an hour, both ways; without them a default of the price class. */
  uplink: z.strictObject({ node: nameSchema.optional(), jurisdiction: jurisdictionSchema.optional(), budgetBytesPerHour: z.int().min(limits.linkBudgetBytesMin).optional(), priceClass: z.enum(priceClasses).optional() }).optional(),
  /** `required`: nothing but what is public leaves before a policy has come with a desired document. */
  policy: z.enum(["optional", "required"]).optional(),
  /** `required`: nothing runs here that its publisher did not sign; so it is, too, without this field where a publisher's root is pinned. `optional`: what is unsigned runs. */
  signatures: z.enum(["optional", "required"]).optional(),
  /** Without it secrets are files of the node's own user, in the clear. */
  sealing: sealingSchema.optional(),
  /** `encryption: on`: what is written to the log from now on is encrypted, under keys that are sealed to the node; by a key file, unless `sealing` says otherwise. */
  log: z.strictObject({ encryption: z.enum(["on", "off"]).default("off") }).optional(),
  /** What the site pays, so that metering can tell money. */
  prices: pricesSchema.optional(),
  /** Power of this machine's processor, so that metering can tell energy; without it a general figure. */
  power: powerSchema.optional(),
  /** What the planner cannot measure of this node: prices, power, accelerators. It goes before what is measured. */
  inventory: declaredInventorySchema.optional(),
  /** Where control runs: what weighs how much when it places units; without it the defaults of `placementPolicySchema`. */
  placement: placementWeightsSchema.optional(),
  /** Where control runs: how long the certificates hold that it issues. */
  authority: z.strictObject({ certificateMs: z.int().min(limits.certificateMsMin).optional() }).optional(),
  /** Where control runs: the identity provider by which people log in, beside their accounts here. */
  provider: providerSchema.optional(),
  /** A file that the time service of this machine leaves where it has set the clock; without it that of systemd-timesyncd. */
  clockSyncedFile: z.string().optional(),
  /** What it measures of itself, and how often it tells; without it nothing. */
  telemetry: telemetrySettingsSchema.optional(),
  /** To whom it tells what is wrong, and its own objectives. */
  alerts: alertingSchema.optional(),
  /** What may be done on it from far away, beside what every node tells. */
  diagnosis: diagnosisSettingsSchema.optional(),
  /** How much of its children this node takes on at a time; without it the limits of Holon. */
  downlink: z
    .strictObject({
      creditBytes: z.int().min(2 * limits.frameBytesMax).max(limits.linkCreditBytesMax).optional(),
      waitingMax: z.int().min(1).max(limits.linkWaitingMax).optional(),
    })
    .optional(),
});

export const nodeConfigSchema = fields
  .refine(({ siblings, listen }) => siblings.length === 0 || listen !== undefined, { path: ["listen"], error: "a node with siblings listens for them" })
  .refine(({ name, siblings }) => new Set([name, ...siblings.map((sibling) => sibling.name)]).size === siblings.length + 1, { path: ["siblings"], error: "each other member once, and not this node" });

export type SiblingConfig = z.infer<typeof siblingSchema>;
export type NodeConfig = z.infer<typeof nodeConfigSchema>;
