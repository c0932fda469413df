/** The app: what a developer writes (manifest) and what control keeps of it (document, with blobs in place of paths). */
import { z } from "zod";
import { limits } from "../limits.ts";
import { fitGrantSchema } from "../model/grant.ts";
import { isBlobHash, type BlobHash } from "../units.ts";
import { reductionProblems } from "../reduce/declared.ts";
import { elasticProblems, elasticSchema } from "./elastic.ts";
import { responseType } from "../run/trigger-events.ts";
import { appTypeSchema, dataClassSchema, eventTypeSchema, isSystemType, systemTypeRefused } from "./event.ts";
import { nameSchema } from "./name.ts";
import { placementNeedsSchema } from "./needs.ts";
import { cascadeSchema, driftSchema, splitSchema } from "./model-use.ts";
import { objectiveListSchema } from "./objective.ts";
import { reductionSchema } from "./reduction.ts";
import { sharedListSchema } from "./shared.ts";
import { tierSchema, type Tier } from "./tier.ts";
import { counterSchema, triggerSchema } from "./trigger.ts";

export { nameSchema, tierSchema, type Tier };
export const blobHashSchema = z.string().refine((text): text is BlobHash => isBlobHash(text), "64 hexadecimal digits");

const sourceBase = {
  name: nameSchema,
  /** Type of the events it makes. */
  type: appTypeSchema,
  /** Sources write raw readings into `local` unless said otherwise. */
  class: dataClassSchema.default("raw"),
  /** Where what came in stands, for what a device has judged or summed up itself: from another stream than `local` it may leave the site. */
  stream: z.enum(["alarm", "data", "telemetry", "local"]).optional(),
  /** The counter of the devices behind it, by subject: repeats are removed, gaps reported. */
  counter: counterSchema.optional(),
};

export const replaySourceSchema = z.strictObject({
  ...sourceBase,
  kind: z.literal("replay"),
  /** Played in order, each with its own subject. Absolute paths on the node's machine. */
  files: z.array(z.strictObject({ path: z.string().min(1), subject: z.string().min(1).max(256) })).min(1).max(1024),
  format: z.enum(["csv", "jsonl"]).default("csv"),
  delimiter: z.string().length(1).default(","),
  /** Column in the file -> field of the event's data. Only these are read: what is not named stays outside. */
  columns: z.record(z.string(), z.string()),
  /** The same for columns of text. */
  texts: z.record(z.string(), z.string()).optional(),
  /** Column that says what a row is about; without it the file's subject. */
  subjectColumn: z.string().min(1).optional(),
  /** A row without a number or text where `columns` or `texts` want one is bad (so without this), or goes without that field. */
  empty: z.enum(["bad", "omit"]).optional(),
  /** Column with the event time; without it rows are `intervalMs` apart. */
  timeColumn: z.string().optional(),
  intervalMs: z.number().positive().default(1000),
  /** 1 is real time, 10 ten times faster, `max` as fast as the log takes it. */
  speed: z.union([z.number().positive(), z.literal("max")]).default(1),
  badRows: z.enum(["stop", "skip"]).default("stop"),
});

const giveSchema = z.strictObject({
  type: eventTypeSchema,
  /** The data of such events goes there as JSON; `{subject}` stands for the event's. */
  topic: z.string().min(1).max(256).regex(/^[^+#\0]*$/, "no wildcards"),
  /**
   * As soon as a function or a reduction of this app has made it, before the disk has it: for reflexes. A node that dies in between makes it again, and
   * so gives it twice. What comes to be in another way is not given.
   */
  atOnce: z.boolean().optional(),
  /**
   * What a function of this app makes on another node too: it is given at the node where the device has subscribed. Made above these doors, it is offered to all of them; made at one of them, to
   * the others where nobody took it there. It leaves its node as what the app shares does, and is given once it is stored.
   */
  roams: z.boolean().optional(),
}).refine(({ atOnce, roams }) => atOnce !== true || roams !== true, { path: ["roams"], error: "what is given at once is for devices of its own node: it does not roam" });
export type GiveSpec = z.infer<typeof giveSchema>;

export const mqttSourceSchema = z.strictObject({
  ...sourceBase,
  kind: z.literal("mqtt"),
  /** Address of the gateway's own broker door. Port 0 lets the system choose. */
  listen: z.string().default("127.0.0.1:1883"),
  /** Topic filters that are taken in; others are acknowledged with a refusal. */
  topics: z.array(z.string().min(1)).min(1).default(["#"]),
  /** Events of this node that devices may subscribe to. */
  gives: z.array(giveSchema).min(1).max(limits.mqttGivesMax).optional(),
});

const { counter: _counter, ...uncountedBase } = sourceBase; // producers number what they send

export const bulkSourceSchema = z.strictObject({
  ...uncountedBase,
  kind: z.literal("bulk"),
  /** Address that producers dial. Port 0 lets the system choose. */
  listen: z.string().default("127.0.0.1:7410"),
});

export const hostSourceSchema = z.strictObject({
  ...sourceBase,
  kind: z.literal("host"),
  rateHz: z.number().positive().max(100).default(10),
  subject: z.string().min(1).max(256).default("host"),
});

export const sourceSpecSchema = z
  .discriminatedUnion("kind", [replaySourceSchema, mqttSourceSchema, bulkSourceSchema, hostSourceSchema])
  .refine(({ class: own, stream = "local" }) => stream === "local" || (own !== "raw" && own !== "personal"), { path: ["stream"], error: "what is raw or personal stays in `local`" });
export type SourceSpec = z.infer<typeof sourceSpecSchema>;
export type ReplaySourceSpec = z.infer<typeof replaySourceSchema>;
export type MqttSourceSpec = z.infer<typeof mqttSourceSchema>;
export type BulkSourceSpec = z.infer<typeof bulkSourceSchema>;
export type HostSourceSpec = z.infer<typeof hostSourceSchema>;

/** What a function emits: where each type goes and what class it has. */
export const emitsSchema = z.record(
  eventTypeSchema,
  z.strictObject({ stream: z.enum(["alarm", "data", "telemetry", "local"]), class: dataClassSchema, /** As its author expects, for where it is placed; without it what was measured counts. */ bytesPerMonth: z.number().min(0).optional() }),
).superRefine((emits, context) => {
  for (const type of Object.keys(emits)) if (type !== responseType && isSystemType(type)) context.addIssue({ code: "custom", path: [type], message: systemTypeRefused });
});
export type Emits = z.infer<typeof emitsSchema>;

/** What can run a function. */
export const unitRuntimes = ["javascript", "wasm", "worker", "process", "image"] as const;

const placementSchema = z.strictObject({ tier: tierSchema.default("gateway") });

const functionBase = {
  name: nameSchema,
  /** Where it runs: on every node of that tier, the gateways without it. With `needs`, the tier is one of them, and any without it. */
  run: placementSchema.optional(),
  /** What it needs of the place where it runs: control chooses as many nodes as it has replicas. */
  needs: placementNeedsSchema.optional(),
  /** Bound on one batch, milliseconds. */
  timeoutMs: z.int().positive().max(600_000).default(10_000),
  /** Bound on its memory; without it `unitMemoryBytes`. */
  memoryBytesMax: z.int().min(limits.unitMemoryBytesMin).max(limits.unitMemoryBytesMax).optional(),
  /** What runs it; without it a sandboxed module. `worker`: a thread of a process beside the node, for trusted code that needs timers or Node's own modules (`node:…`), but for files, network and processes. */
  runtime: z.enum(unitRuntimes).optional(),
  /** Of a process: what is started. `$HOLON_MODULE` in it is the path of the module. Of an image: in place of what the image starts. */
  command: z.array(z.string().min(1).max(4_096)).min(1).max(64).optional(),
  /** Of a process: it may have the rights of the node where it cannot be confined. */
  unconfined: z.boolean().optional(),
  /** Events it is handed a second, at most; what is more waits in the log. */
  eventsPerSecondMax: z.number().positive().optional(),
  /** Times that an event is tried again before it is set aside as failed. */
  retriesMax: z.int().min(0).max(100).optional(),
  /** It may see the node's time, not only that of its events. */
  clock: z.boolean().optional(),
  /** Secrets of the node that it is given, by name: their values stand in no document. */
  secrets: z.array(nameSchema).max(16).optional(),
  /** It keeps no state, and siblings of its node may do part of what waits for it. */
  elastic: elasticSchema.optional(),
};

/** What a module cannot say of itself: WebAssembly and processes. */
const declaredSchema = { on: triggerSchema.optional(), emits: emitsSchema.optional(), uses: z.array(nameSchema).max(64).optional() };


const modelBase = {
  name: nameSchema,
  licence: z.string().optional(),
  /** What it is not sure of goes up. */
  cascade: cascadeSchema.optional(),
  /** It is the head of a model; its tail stands above. */
  split: splitSchema.optional(),
  /** What goes in and comes out is compared with before. */
  drift: driftSchema.optional(),
  /** Who may make parameters of it where it runs. */
  fit: fitGrantSchema.optional(),
  /** Where it stands to answer what nodes below pass up. */
  answers: placementSchema.optional(),
  /** What it needs of the place where it answers: control chooses among the nodes of that tier. */
  needs: placementNeedsSchema.optional(),
};

export const egressRuleSchema = z.strictObject({
  /** Class that may leave the site: never `raw` or `personal` … */
  class: z.enum(["derived", "aggregate", "public"]),
  /** … for this jurisdiction or any below it; `*` for any. */
  to: z.string().min(1).default("*"),
});
export type EgressRule = z.infer<typeof egressRuleSchema>;

export const tracingSchema = z.strictObject({
  /** Of events without a trace, the part for which one begins. */
  share: z.number().min(0).max(1).default(0),
  /** Of one function; what is over is counted. */
  spansPerSecondMax: z.number().positive().max(limits.traceSpansPerSecondMax).default(limits.traceSpansPerSecond),
  /** That ids which devices and callers send are numbers by chance and may stand in spans, also of sources and routes whose data may not: the author's word, which a policy has to let count. Never of what is `personal`. */
  release: z.strictObject({ because: z.string().min(1).max(256) }).optional(),
});
export type Tracing = z.infer<typeof tracingSchema>;

const manifestBase = {
  apiVersion: z.literal("holon/v1").default("holon/v1"),
  name: nameSchema,
  version: z.string().min(1).max(64).default("0.1.0"),
  description: z.string().max(1024).optional(),
  sources: z.array(sourceSpecSchema).max(64).default([]),
  /** What may leave the site. Nothing leaves that is not named here; `raw` and `personal` cannot be. */
  egress: z.array(egressRuleSchema).max(64).default([]),
  /** What becomes of readings where they are born. */
  reductions: z.array(reductionSchema).max(64).optional(),
  /** Sites whose nodes alone can open its code and its models; they are blobs that nobody else can read. */
  sealTo: z.array(nameSchema).min(1).max(limits.sealSitesMax).optional(),
  /** What its functions share between sites. */
  shared: sharedListSchema.optional(),
  /** Which events' way through its functions is written down; without it that of events that came with a sampled trace. */
  tracing: tracingSchema.optional(),
  /** What part of what it does must be good, over which time. */
  objectives: objectiveListSchema.optional(),
};

/** `holon.app.ts` (or `.yaml`, `.json`): paths are relative to the manifest. */
export const appManifestSchema = z.strictObject({
  ...manifestBase,
  functions: z.array(z.strictObject({ ...functionBase, ...declaredSchema, module: z.string().min(1) })).max(limits.appFunctionsMax).default([]),
  models: z.array(z.strictObject({ ...modelBase, graph: z.string().min(1) })).max(64).default([]),
});
export type AppManifest = z.infer<typeof appManifestSchema>;
export type AppManifestInput = z.input<typeof appManifestSchema>;

export const functionDocumentSchema = z.strictObject({
  ...functionBase,
  code: blobHashSchema,
  /** What triggers it. */
  on: triggerSchema,
  emits: emitsSchema,
  models: z.array(nameSchema).default([]),
});
export type FunctionDocument = z.infer<typeof functionDocumentSchema>;

/** What control keeps of an app: the manifest with each file replaced by the hash of its blob. */
export const appDocumentSchema = z.strictObject({
  ...manifestBase,
  functions: z.array(functionDocumentSchema),
  models: z.array(z.strictObject({ ...modelBase, graph: blobHashSchema })),
}).superRefine((app, context) => {
  for (const message of reductionProblems(app)) context.addIssue({ code: "custom", path: ["reductions"], message });
  for (const message of elasticProblems(app)) context.addIssue({ code: "custom", path: ["functions"], message });
});
export type AppDocument = z.infer<typeof appDocumentSchema>;
