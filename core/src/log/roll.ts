/** The roll: what the batches before held, so that the loss of batches is known record by record. */
import { z } from "zod";
import { mendChecked } from "./cell.ts";
import { parseLaneName } from "./identity.ts";
import { laneName, type Lane, type Mark } from "./log.ts";
import type { Integrity } from "./run.ts";
import { isEpoch } from "../units.ts";

/** The last of a lane in the batches that a roll speaks for. */
export interface RolledRun {
  readonly lane: Lane;
  readonly firstSequence: number;
  readonly mark: Mark;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const rollSchema = z.array(z.tuple([z.string(), z.string(), z.int().min(1), z.int().min(1), z.string().regex(/^[0-9a-f]{64}$/)]));

export function encodeRoll(runs: readonly RolledRun[], integrity: Integrity): Uint8Array {
  const text = encoder.encode(JSON.stringify(runs.map(({ lane, firstSequence, mark }) => [laneName(lane), mark.epoch, firstSequence, mark.sequence, mark.hash])));
  const payload = new Uint8Array(4 + text.length);
  payload.set(text, 4);
  new DataView(payload.buffer).setUint32(0, integrity.crc32(text), true);
  return payload;
}

/** `undefined` if it is damaged by more than one bit. */
export function decodeRoll(payload: Uint8Array, integrity: Integrity): readonly RolledRun[] | undefined {
  if (!mendChecked(payload, integrity)) return undefined;
  const parsed = rollSchema.safeParse(JSON.parse(decoder.decode(payload.subarray(4))));
  if (!parsed.success) return undefined;
  return parsed.data.flatMap(([name, epoch, firstSequence, sequence, hash]) => {
    const lane = parseLaneName(name);
    return lane === undefined || !isEpoch(epoch) ? [] : [{ lane, firstSequence, mark: { epoch, sequence, hash } }];
  });
}
