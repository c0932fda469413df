/** `alerts` in a node's configuration: to whom this node tells what is wrong, and its own objectives for all that it knows of. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { jurisdictionPattern } from "../policy/jurisdiction.ts";
import { nameSchema } from "./name.ts";
import { objectiveListSchema } from "./objective.ts";

const address = z.string().min(3).max(256).regex(/^[^\s@<>,]+@[^\s@<>,]+$/, "an address of e-mail");

export const webhookSchema = z.strictObject({
  kind: z.literal("webhook"),
  /** With a token in it, it is a secret: then name that. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  secretUrl: nameSchema.optional(),
  /** Name of the node's secret by which each message is signed (HMAC-SHA-256). */
  secret: nameSchema,
});
export type WebhookTarget = z.infer<typeof webhookSchema>;

export const mailSchema = z.strictObject({
  kind: z.literal("email"),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(587),
  /** `tls` from the first byte, `starttls` or nothing, `plain` where the line is one's own. */
  security: z.enum(["tls", "starttls", "plain"]).default("starttls"),
  /** Name and the node's secret that holds the password. */
  login: z.strictObject({ user: z.string().min(1).max(256), secret: nameSchema }).optional(),
  from: address,
  to: z.array(address).min(1).max(32),
});
export type MailTarget = z.infer<typeof mailSchema>;

/** As an event of this node, `holon.alert.told`: functions here may act on it. */
export const eventTargetSchema = z.strictObject({ kind: z.literal("event"), stream: z.enum(["local", "alarm"]).default("local") });

export const alertKinds = ["silence", "alarm", "latency", "freshness", "loss", "accuracy"] as const;
export const severities = ["page", "ticket"] as const;

export const routeSchema = z
  .strictObject({
    name: nameSchema,
    /** What goes this way; without one of them whatever it is. */
    severity: z.enum(severities).optional(),
    kinds: z.array(z.enum(alertKinds)).min(1).optional(),
    sites: z.array(nameSchema).min(1).max(256).optional(),
    apps: z.array(nameSchema).min(1).max(256).optional(),
    /** Whether it is told too that something is over. */
    resolved: z.boolean().default(true),
    /** Where the receiver stands: the policy decides what may go there. */
    jurisdiction: z.string().regex(jurisdictionPattern).optional(),
    to: z.discriminatedUnion("kind", [webhookSchema, mailSchema, eventTargetSchema]),
  })
  .refine(({ jurisdiction, to }) => to.kind === "event" || jurisdiction !== undefined, { path: ["jurisdiction"], error: "say where the receiver stands" })
  .refine(({ to }) => to.kind !== "webhook" || (to.url === undefined) !== (to.secretUrl === undefined), { path: ["to"], error: "one of url and secretUrl" });
export type AlertRoute = z.infer<typeof routeSchema>;

export const alertingSchema = z.strictObject({
  routes: z
    .array(routeSchema)
    .max(limits.alertRoutesMax)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, { error: "each name once" })
    .default([]),
  objectives: objectiveListSchema.refine((list) => list.every(({ kind }) => kind !== "accuracy"), { error: "accuracy is counted where the app runs: declare it in the app's manifest" }).default([]),
  /** Types of alarms, or their beginnings with `*`, that somebody is to be called for. */
  pageOn: z.array(z.string().min(1).max(128)).max(64).default([]),
  /** Alarms of one type about one subject are one incident until none has come for so long. */
  alarmQuietMs: z.int().min(1_000).max(86_400_000).default(limits.alarmQuietMs),
});
export type Alerting = z.infer<typeof alertingSchema>;
