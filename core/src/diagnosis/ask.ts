/** What one node asks of another that stands below it, or of itself, on behalf of somebody: questions that are answered at once, and requests that are done once. */
import { z } from "zod";
import { dataClassSchema, streamNameSchema } from "../schema/event.ts";
import { nameSchema } from "../schema/name.ts";
import { isPrincipalKind, type Principal } from "../policy/principal.ts";
import { diagnosisBounds } from "./bounds.ts";

export const diagnosisMethods = { logs: "diagnosis.logs", events: "diagnosis.events", commands: "diagnosis.commands", request: "diagnosis.request", piece: "diagnosis.piece", forget: "diagnosis.forget", adopt: "diagnosis.adopt" } as const;

/** Who asks, as far as the node that asks knows. The one that is asked decides for itself what that is worth. */
export const bySchema = z.strictObject({
  principal: z.string().regex(/^(?:node|function|publisher|person|token) \S{1,130}$/),
  role: z.string().max(32),
  /** Of a token: the person who made it, with their role. */
  maker: z.strictObject({ name: z.string().max(64), role: z.string().max(32) }).optional(),
  /** Another person, who approved it. */
  approvedBy: z.string().max(140).optional(),
  /** The node at whose API it was asked. */
  at: nameSchema,
});
export type AskedBy = z.infer<typeof bySchema>;

export function principalOf({ principal }: AskedBy): Principal {
  const [kind = "", name = ""] = principal.split(" ");
  return isPrincipalKind(kind) ? { kind, name } : { kind: "token", name: "nobody" };
}

export const logLevels = ["info", "warn", "error"] as const;
export const logLevelSchema = z.enum(logLevels);
export type LogLevel = z.infer<typeof logLevelSchema>;

/** One line of a node's own log. */
export const logLineSchema = z.strictObject({
  /** `run/number`: run is of one life of the node, number rises by one. */
  id: z.string().max(64),
  at: z.string(),
  clock: z.enum(["synced", "coasting", "unknown"]),
  level: logLevelSchema,
  message: z.string(),
  code: z.string().max(64).optional(),
  /** So many lines before it were left out, since there were too many at once. */
  leftOut: z.int().optional(),
  /** It was said so often in a row. */
  times: z.int().optional(),
  /** Then the last time; `at` is the first. */
  lastAt: z.string().optional(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** One look, which may ask many times. */
export const sessionSchema = z.string().min(1).max(64);
const session = sessionSchema;

export const logsAskSchema = z.strictObject({
  by: bySchema,
  session,
  level: logLevelSchema.default("info"),
  since: z.iso.datetime().optional(),
  /** Id of the last line that is known. */
  after: z.string().max(64).optional(),
  limit: z.int().min(1).max(diagnosisBounds.linesMax).default(200),
  /** Waits so long for a line, where there is none. */
  waitMs: z.int().min(0).max(diagnosisBounds.followWaitMs).default(0),
});
export const logsAnswerSchema = z.strictObject({ node: z.string(), lines: z.array(logLineSchema), /** To go on behind. */ after: z.string().nullable(), /** Lines between that went before they were read. */ missed: z.int(), more: z.boolean() });
export type LogsAnswer = z.infer<typeof logsAnswerSchema>;

export const tailAskSchema = z.strictObject({
  by: bySchema,
  session,
  stream: streamNameSchema.optional(),
  type: z.string().max(128).optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  limit: z.int().min(1).max(diagnosisBounds.eventsMax).default(20),
});
/** An event as it is told from far away: `data` and `subject` only where the policy lets that class go anywhere. */
export const toldEventSchema = z.strictObject({ id: z.string(), type: z.string(), class: dataClassSchema, stream: streamNameSchema, recordedtime: z.string(), time: z.string(), clock: z.string(), subject: z.string().optional(), data: z.unknown().optional(), /** Why there are no data. */ withheld: z.string().optional() });
export type ToldEvent = z.infer<typeof toldEventSchema>;
export const tailAnswerSchema = z.strictObject({ node: z.string(), events: z.array(toldEventSchema) });

/** What a node can be asked to do. */
export const wantedSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("report") }),
  z.strictObject({ kind: z.literal("bundle") }),
  z.strictObject({ kind: z.literal("profile"), seconds: z.int().min(1).max(diagnosisBounds.profileSecondsMax).default(10) }),
  /** The newest lines of its own log, of a node that cannot be asked at once. */
  z.strictObject({ kind: z.literal("logs"), level: logLevelSchema.default("info"), since: z.iso.datetime().optional(), limit: z.int().min(1).max(diagnosisBounds.linesMax).default(200) }),
  z.strictObject({ kind: z.literal("exec"), command: nameSchema, arguments: z.record(nameSchema, z.string().max(diagnosisBounds.commandArgumentMax)).default({}) }),
]);
export type Wanted = z.infer<typeof wantedSchema>;

/** As the trail tells it, which goes where what is public may go: of a command the names of what it was given, and not the words. */
export const wantedTold = (wanted: Wanted): Readonly<Record<string, unknown>> => (wanted.kind === "exec" ? { ...wanted, arguments: Object.keys(wanted.arguments).sort() } : wanted);

/** What policies call it: `node.report`, `node.exec/disk`. */
export const resourceOf = (wanted: Wanted): string => (wanted.kind === "exec" ? `node.exec/${wanted.command}` : `node.${wanted.kind}`);

export const requestAskSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  by: bySchema,
  wanted: wantedSchema,
  /** False: what was begun is told of, and nothing is begun. */
  mayBegin: z.boolean(),
});
export const requestAnswerSchema = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("unknown") }),
  z.strictObject({ state: z.literal("running") }),
  z.strictObject({ state: z.literal("done"), ok: z.boolean(), sizeBytes: z.int(), hash: z.string() }),
]);
export type RequestAnswer = z.infer<typeof requestAnswerSchema>;

export const pieceAskSchema = z.strictObject({ id: z.string().max(32), offset: z.int().min(0) });
export const pieceAnswerSchema = z.strictObject({ base64: z.string() });
export const forgetAskSchema = z.strictObject({ id: z.string().max(32) });

/** What came of a request, as text of JSON, compressed. */
export const resultSchema = z.discriminatedUnion("ok", [z.strictObject({ ok: z.literal(true), value: z.unknown() }), z.strictObject({ ok: z.literal(false), error: z.strictObject({ code: z.string(), message: z.string(), next: z.string() }) })]);
export type Result = z.infer<typeof resultSchema>;
