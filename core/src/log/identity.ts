/** Names of records: `(origin, epoch, stream, sequence)`, printed `origin/epoch/stream/sequence`. */
import { streamNames, type StreamName } from "../schema/event.ts";
import { isEpoch, isNodeName, type Epoch } from "../units.ts";
import type { Lane } from "./log.ts";

export interface RecordName extends Lane {
  readonly epoch: Epoch;
  readonly sequence: number;
}

export const printRecordName = (name: RecordName): string => `${name.origin}/${name.epoch}/${name.stream}/${name.sequence}`;

/** `undefined` if the text is no record name. */
export function parseRecordName(text: string): RecordName | undefined {
  const [origin = "", epoch = "", stream = "", sequence = "", ...rest] = text.split("/");
  if (rest.length > 0 || !isNodeName(origin) || !isEpoch(epoch) || !isStreamName(stream) || !/^[1-9]\d{0,15}$/.test(sequence)) return undefined;
  return { origin, epoch, stream, sequence: Number(sequence) };
}

/** `undefined` if the text is no lane name (`origin/stream`). */
export function parseLaneName(text: string): Lane | undefined {
  const [origin = "", stream = "", ...rest] = text.split("/");
  if (rest.length > 0 || !isNodeName(origin) || !isStreamName(stream)) return undefined;
  return { origin, stream };
}

export const isStreamName = (text: string): text is StreamName => (streamNames as readonly string[]).includes(text);
