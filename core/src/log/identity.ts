/** Names of records: `(origin, epoch, stream, sequence)`, printed `origin/epoch/stream/sequence`; of a branch `origin~branch/epoch/…`. */
import { streamNames, type StreamName } from "../schema/event.ts";
import { isEpoch, isNodeName, type Epoch, type NodeName } from "../units.ts";
import { isBranch } from "./branch.ts";
import type { Lane } from "./log.ts";

export interface RecordName extends Lane {
  readonly epoch: Epoch;
  readonly sequence: number;
}

const ownerOf = ({ origin, branch }: Lane): string => (branch === undefined ? origin : `${origin}~${branch}`);
export const printRecordName = (name: RecordName): string => `${ownerOf(name)}/${name.epoch}/${name.stream}/${name.sequence}`;

/** `undefined` if the text is no record name. */
export function parseRecordName(text: string): RecordName | undefined {
  const [owner = "", epoch = "", stream = "", sequence = "", ...rest] = text.split("/");
  const named = parseOwner(owner);
  if (rest.length > 0 || named === undefined || !isEpoch(epoch) || !isStreamName(stream) || !/^[1-9]\d{0,15}$/.test(sequence)) return undefined;
  return { ...named, epoch, stream, sequence: Number(sequence) };
}

/** `undefined` if the text is no lane name (`origin/stream`, `origin~branch/stream`). */
export function parseLaneName(text: string): Lane | undefined {
  const [owner = "", stream = "", ...rest] = text.split("/");
  const named = parseOwner(owner);
  if (rest.length > 0 || named === undefined || !isStreamName(stream)) return undefined;
  return { ...named, stream };
}

function parseOwner(text: string): { readonly origin: NodeName; readonly branch?: string } | undefined {
  const [origin = "", branch, ...rest] = text.split("~");
  if (rest.length > 0 || !isNodeName(origin)) return undefined;
  if (branch === undefined) return { origin };
  return isBranch(branch) ? { origin, branch } : undefined;
}

export const isStreamName = (text: string): text is StreamName => (streamNames as readonly string[]).includes(text);
