/**
 * Whether what answered with status 200 is a collector. A proxy, a login in between, or the wrong address says so too, and what was to go would be gone. An answer of few words takes what was sent: not all
 * collectors answer in OTLP's own.
 */
import type { OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";

/** Why it is none; undefined where it is one. `told`: the body as an answer of OTLP, where it reads as one. */
export function whyNoAnswer(body: Uint8Array, told: OtlpMessage | undefined): string | undefined {
  // One in protobuf may begin as a page does.
  if (body.length === 0 || told?.["partialSuccess"] !== undefined) return undefined;
  const text = textOf(body);
  if (text === undefined) return told === undefined ? "what answered is no answer of OTLP, and no collector" : undefined;
  if (text.startsWith("<")) return "what answered is a web page, and no collector";
  const said = jsonOf(text);
  if (said === undefined) return isYes(text) ? undefined : "what answered is a text, and no collector";
  return namesError(said) ? "what answered names an error, and is no collector" : undefined;
}

/** In an object: an error, a message that is no more than that, or a plain no. */
function namesError(said: unknown): boolean {
  if (typeof said !== "object" || said === null) return typeof said === "string" && !isYes(said);
  const of = (key: string): unknown => Reflect.get(said, key);
  const message = of("message");
  return ["error", "errors"].some((key) => isSome(of(key))) || (typeof message === "string" && !isYes(message)) || of("success") === false || of("ok") === false;
}

const isSome = (value: unknown): boolean => value !== undefined && value !== null && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0);
const isYes = (text: string): boolean => /^(|ok|success|accepted|done|received)\.?$/i.test(text.trim());

/** Without blanks around it; undefined for bytes that nobody reads. */
function textOf(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body).trim();
    return [...text].every((character) => character >= " " || "\t\r\n".includes(character)) ? text : undefined;
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
