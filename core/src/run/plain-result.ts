/**
 * Results as most functions give them, taken apart by hand: what is accepted here the schema of `result.ts` accepts too, and gives the same of it. That one
 * takes several times as long, and knows what is wrong; whatever is rare, or wrong, is left to it.
 */
import { isDeeperThan } from "../depth.ts";
import { isTimeOfEvent } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import type { UnitOutput, UnitResult } from "../ports.ts";
import { eventTypeMax, eventTypePattern } from "../schema/event.ts";

const resultKeys: ReadonlySet<string> = new Set(["outputs", "state", "status", "inferenceMs", "inferences"]);
const outputKeys: ReadonlySet<string> = new Set(["type", "subject", "timeMs", "data", "cause"]);
const subjectMax = 256;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown, known: ReadonlySet<string>): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).every((key) => known.has(key));

/** Of a batch of so many events; undefined where the schema has to be asked. */
export function plainResult(json: unknown, batchLength: number): UnitResult | undefined {
  if (!isFields(json, resultKeys)) return undefined;
  const { outputs, state, status, inferenceMs, inferences = {} } = json;
  if (!Array.isArray(outputs) || outputs.length > limits.unitOutputsMax || !Array.isArray(state) || state.length > 0 || !Array.isArray(inferenceMs) || inferenceMs.length > 0) return undefined;
  if ((status !== undefined && typeof status !== "string") || (status?.length ?? 0) > limits.unitStatusMax || !isFields(inferences, none)) return undefined;
  const made: UnitOutput[] = [];
  for (const output of outputs as readonly unknown[]) {
    const one = plainOutput(output, batchLength);
    if (one === undefined) return undefined;
    made.push(one);
  }
  return { outputs: made, state: [], fitted: [], status, inferenceMs: [], inferences: {} };
}

const none: ReadonlySet<string> = new Set();

function plainOutput(output: unknown, batchLength: number): UnitOutput | undefined {
  if (!isFields(output, outputKeys) || !Object.hasOwn(output, "data")) return undefined;
  const { type, subject, timeMs, data, cause } = output;
  if (typeof type !== "string" || type.length > eventTypeMax || !eventTypePattern.test(type)) return undefined;
  if (subject !== undefined && (typeof subject !== "string" || subject === "" || subject.length > subjectMax)) return undefined;
  if (!isTimeOfEvent(timeMs) || typeof cause !== "number" || !Number.isSafeInteger(cause) || cause < 0 || cause >= batchLength) return undefined;
  return isDeeperThan(data, limits.payloadDepthMax) ? undefined : { type, subject, timeMs, data, cause };
}
