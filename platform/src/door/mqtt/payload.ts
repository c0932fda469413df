/** One published message into a reading: the topic is the subject; the payload is JSON, or else text. */
import { isUtf8 } from "node:buffer";
import { HolonError } from "@holon/core/errors.ts";
import { isDeeperThan } from "@holon/core/depth.ts";
import { limits } from "@holon/core/limits.ts";
import type { Reading } from "@holon/core/ports.ts";
import { printTopic, subjectCharactersMax } from "./topic.ts";

/** What JSON makes of a byte at worst: `\u0000`, or a zero of 1e20. */
const growthMax = 6;
/** What an event has around its data. */
const envelopeBytesMax = 4096;

/** The reading, or why the message cannot be one; the payload is never quoted. */
export function readMessage(type: string, topic: string, payload: Buffer): Reading | HolonError {
  const bad = (what: string): HolonError => new HolonError("HOLON_SOURCE_MESSAGE_BAD", `a message on ${printTopic(topic)} ${what}`);
  if (topic.length > subjectCharactersMax) return bad(`has a topic over ${subjectCharactersMax} characters`);
  if (!isUtf8(payload)) return bad("is neither JSON nor UTF-8 text");
  const data = parsePayload(payload.toString("utf8"));
  if (isDeeperThan(data, limits.payloadDepthMax)) return bad(`nests deeper than ${limits.payloadDepthMax} levels`);
  if (payload.length * growthMax + envelopeBytesMax > limits.recordBytesMax && jsonBytes(data) + envelopeBytesMax > limits.recordBytesMax) {
    return bad(`is over ${limits.recordBytesMax} bytes as an event`);
  }
  return { type, subject: topic, timeMs: undefined, data };
}

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text }; // text is what many devices send: an expected outcome, not a failure
  }
}

const jsonBytes = (data: unknown): number => Buffer.byteLength(JSON.stringify(data));
