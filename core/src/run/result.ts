/** What comes out of a sandbox, checked before anybody trusts it. */
import { z } from "zod";
import { isDeeperThan } from "../depth.ts";
import { isTimeOfEvent } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import { isTensor } from "../model/tensor.ts";
import type { UnitResult } from "../ports.ts";
import { emitsSchema, nameSchema } from "../schema/app.ts";
import { eventTypeSchema } from "../schema/event.ts";
import { triggerSchema } from "../schema/trigger.ts";
import { sharedOperationSchema } from "../shared/operation.ts";
import { plainResult } from "./plain-result.ts";
import { unitTextMax } from "./unit-text.ts";

const resultSchema = z.strictObject({
  outputs: z
    .array(z.strictObject({ type: eventTypeSchema, subject: z.string().min(1).max(256).optional(), timeMs: z.number().refine(isTimeOfEvent), data: z.unknown().refine((data) => !isDeeperThan(data, limits.payloadDepthMax)), cause: z.int().min(0) }))
    .max(limits.unitOutputsMax),
  state: z.array(z.strictObject({ key: z.string().max(limits.unitStateKeyMax), value: z.string().max(limits.unitStateBytesMax).nullable() })).max(2 * Math.floor(limits.unitStateBytesMax / limits.unitStateKeyBytes)),
  shared: z.array(sharedOperationSchema).max(limits.sharedOperationsMax).optional(),
  status: z.string().max(limits.unitStatusMax).optional(),
  inferenceMs: z.array(z.number().min(0)),
  inferences: z.record(nameSchema, z.int().min(0)).optional(),
  calls: z.array(z.strictObject({ model: nameSchema, cause: z.int().min(0), atMs: z.number().min(0), tookMs: z.number().min(0), by: z.string().max(63).optional() })).max(limits.traceCallsMax).optional(),
});

const tensorSchema = z.custom<UnitResult["fitted"][number]["parameters"][string]>(isTensor, "no tensor");
const fittedSchema = z.array(
  z.strictObject({ model: nameSchema, subject: z.string().max(256), parameters: z.record(z.string().max(256), tensorSchema), note: z.string().max(1024) }),
);

/**
 * A result as the sandbox sends it: all but the tensors as JSON text, so that nothing but plain values can come across.
 * Returns what is wrong with it as text.
 */
export function parseUnitResult(text: unknown, fitted: unknown, batchLength: number): UnitResult | string {
  if (typeof text !== "string" || text.length > unitTextMax) return `its result is no text of at most ${unitTextMax} characters`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "its result is no JSON";
  }
  return (Array.isArray(fitted) && fitted.length === 0 ? plainResult(json, batchLength) : undefined) ?? parseBySchema(json, fitted, batchLength);
}

/** The same of what was JSON, whatever it is. */
export function parseBySchema(json: unknown, fitted: unknown, batchLength: number): UnitResult | string {
  const result = resultSchema.safeParse(json);
  if (!result.success) return `its result does not fit at ${where(result.error)}`;
  const parameters = fittedSchema.safeParse(fitted);
  if (!parameters.success) return `its fitted parameters do not fit at ${where(parameters.error)}`;
  if (result.data.outputs.some((output) => output.cause >= batchLength)) return "an output names a cause outside its batch";
  if (result.data.calls?.some((call) => call.cause >= batchLength) === true) return "a call of a model names a cause outside its batch";
  return {
    outputs: result.data.outputs.map((output) => ({ type: output.type, subject: output.subject, timeMs: output.timeMs, data: output.data, cause: output.cause })),
    state: result.data.state,
    ...(result.data.shared === undefined ? {} : { shared: result.data.shared }),
    fitted: parameters.data,
    status: result.data.status,
    inferenceMs: result.data.inferenceMs,
    inferences: result.data.inferences ?? {},
    ...(result.data.calls === undefined ? {} : { calls: result.data.calls }),
  };
}

const tensorTableSchema = z.record(z.string().max(256), z.array(z.int().min(0).nullable()).max(16));
const modelShapesSchema = z.record(nameSchema, z.strictObject({ inputs: tensorTableSchema, outputs: tensorTableSchema }));
const describedSchema = z.strictObject({ on: triggerSchema, emits: emitsSchema, models: z.array(nameSchema).max(64), modelShapes: modelShapesSchema.optional() });
/** What a function says of itself: what triggers it, what it emits, the models it uses, and what it takes them for. */
export type DescribedFunction = z.infer<typeof describedSchema>;

/** Returns what is wrong as text. */
export function parseDescribedFunction(value: unknown): DescribedFunction | string {
  const described = describedSchema.safeParse(value);
  return described.success ? described.data : `${where(described.error)}: ${described.error.issues[0]?.message ?? ""}`;
}

const where = (error: z.ZodError): string => error.issues[0]?.path.join(".") || "the top";
