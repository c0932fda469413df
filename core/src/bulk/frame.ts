/**
 * What a producer and the bulk door say to each other over a stream of bytes: frames {u32 length of what follows, u8 kind, body}.
 *
 *     producer: 1 hello {JSON}    2 batch (`batch.ts`)
 *     door:     3 welcome {JSON}  4 stored {f64 sequence}: all up to there is on disk    5 refused {JSON}, after which it closes
 */
import { z } from "zod";
import { HolonError, isErrorCode } from "../errors.ts";
import { limits } from "../limits.ts";
import { nameSchema } from "../schema/name.ts";
import { batchKind } from "./batch.ts";

export const frameKinds = { hello: 1, batch: batchKind, welcome: 3, stored: 4, refused: 5 } as const;
/** Length and kind. */
export const frameHeadBytes = 5;
export const bulkProtocol = 1;

export const helloSchema = z.strictObject({
  protocol: z.literal(bulkProtocol),
  /** The source that is meant, so that a producer at the wrong door is told. */
  source: nameSchema,
  producer: nameSchema,
  /** That the producer was given before, to go on; without it the producer begins anew, and whoever was it before may send no more. */
  epoch: z.int().min(1).optional(),
});
export type Hello = z.infer<typeof helloSchema>;

export const welcomeSchema = z.looseObject({
  epoch: z.int().min(1),
  /** Of the producer's last event that is on disk; its next is one more. */
  sequence: z.int().min(0),
  /** Bytes of batches that may be on their way without an answer. */
  creditBytes: z.int().min(1),
});
export type Welcome = z.infer<typeof welcomeSchema>;

const refusedSchema = z.looseObject({ code: z.string(), message: z.string(), next: z.string() });

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function jsonFrame(kind: number, value: unknown): Uint8Array {
  const body = encoder.encode(JSON.stringify(value));
  const frame = new Uint8Array(frameHeadBytes + body.length);
  new DataView(frame.buffer).setUint32(0, body.length + 1, true);
  frame[4] = kind;
  frame.set(body, frameHeadBytes);
  return frame;
}

export const encodeHello = (hello: Hello): Uint8Array => jsonFrame(frameKinds.hello, hello);
export const encodeWelcome = (welcome: Welcome): Uint8Array => jsonFrame(frameKinds.welcome, welcome);
export const encodeRefused = (problem: HolonError): Uint8Array => jsonFrame(frameKinds.refused, problem.toJSON());

export function encodeStored(sequence: number): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + 8);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 9, true);
  frame[4] = frameKinds.stored;
  view.setFloat64(frameHeadBytes, sequence, true);
  return frame;
}

/** `HOLON_FRAME_BAD` for what is no hello. */
export const parseHello = (frame: Uint8Array): Hello => parseBody(frame, frameKinds.hello, helloSchema, "hello");

export type DoorSays = { readonly welcome: Welcome } | { readonly stored: number } | { readonly refused: HolonError };

/** What the door says. `HOLON_FRAME_BAD` for anything else. */
export function parseDoorFrame(frame: Uint8Array): DoorSays {
  if (frame[4] === frameKinds.welcome) return { welcome: parseBody(frame, frameKinds.welcome, welcomeSchema, "welcome") };
  if (frame[4] === frameKinds.stored && frame.length === frameHeadBytes + 8) {
    return { stored: new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getFloat64(frameHeadBytes, true) };
  }
  const { code, message, next } = parseBody(frame, frameKinds.refused, refusedSchema, "answer");
  return { refused: isErrorCode(code) ? new HolonError(code, message, { next }) : new HolonError("HOLON_FRAME_BAD", `the door refused with a code that is not known here: ${message}`, { next }) };
}

function parseBody<Body>(frame: Uint8Array, kind: number, schema: z.ZodType<Body>, what: string): Body {
  if (frame[4] !== kind) throw new HolonError("HOLON_FRAME_BAD", `a frame of kind ${frame[4] ?? "none"} where a ${what} was expected`);
  try {
    return schema.parse(JSON.parse(decoder.decode(frame.subarray(frameHeadBytes))));
  } catch (cause) {
    throw new HolonError("HOLON_FRAME_BAD", `a ${what} does not parse`, { cause });
  }
}

/** Cuts a stream of bytes into frames. */
export interface FrameCutter {
  push(piece: Uint8Array): void;
  /** The next whole frame, good until the next call; undefined until it is whole. `HOLON_FRAME_BAD` for a length over the bound. */
  next(): Uint8Array | undefined;
}

export function createFrameCutter(frameBytesMax: number = limits.bulkFrameBytesMax): FrameCutter {
  const pieces: Uint8Array[] = [];
  let held = 0;
  /** Bytes of the first piece that are taken. */
  let taken = 0;
  /** Frames that lie in several pieces are put together here, one after the other. */
  let joined = new Uint8Array(0);

  /** Takes so many bytes off the front: a view where they lie in one piece, else a copy. */
  function take(size: number): Uint8Array {
    const [first] = pieces;
    if (first !== undefined && first.length - taken >= size) {
      const part = first.subarray(taken, taken + size);
      advance(size);
      return part;
    }
    if (joined.length < size) joined = new Uint8Array(Math.min(frameBytesMax, 2 * size));
    const whole = joined.subarray(0, size);
    for (let filled = 0; filled < size; ) {
      const piece = pieces[0] ?? whole;
      const part = piece.subarray(taken, Math.min(piece.length, taken + size - filled));
      whole.set(part, filled);
      filled += part.length;
      advance(part.length);
    }
    return whole;
  }

  function advance(size: number): void {
    taken += size;
    held -= size;
    if (taken < (pieces[0]?.length ?? 0)) return;
    pieces.shift();
    taken = 0;
  }

  function peekLength(): number {
    let length = 0;
    let at = taken;
    let piece = 0;
    for (let index = 0; index < 4; index++) {
      while (at >= (pieces[piece]?.length ?? Infinity)) [piece, at] = [piece + 1, 0];
      length += (pieces[piece]?.[at] ?? 0) * 2 ** (8 * index);
      at += 1;
    }
    return length;
  }

  return {
    push(piece) {
      if (piece.length === 0) return;
      pieces.push(piece);
      held += piece.length;
    },
    next() {
      if (held < 4) return undefined;
      const size = 4 + peekLength();
      if (size > frameBytesMax || size < frameHeadBytes) throw new HolonError("HOLON_FRAME_BAD", `a frame of ${size} bytes; the limit is ${frameBytesMax}`);
      return held < size ? undefined : take(size);
    },
  };
}
