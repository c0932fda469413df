/**
 * The four kinds of frame that cross a link, and no others.
 *
 *     0 u8 kind · 1 u8 flags (1: the rest is zstd, 2: with the dictionary of the link) · 2 u32 length of the header · header, JSON · payload, bytes
 *
 * Everything after byte 2 is compressed as one where that makes it smaller. Little-endian.
 */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { linkDictionary } from "./dictionary.ts";
import { blobHashSchema, nameSchema, tierSchema } from "../schema/app.ts";

/** What framing needs of the Codec port. */
export interface FrameCodec {
  compress(bytes: Uint8Array, dictionary?: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array, maxBytes: number, dictionary?: Uint8Array): Uint8Array;
}

const sequence = z.int().min(0);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const laneName = z.string().max(80);
const version = z.int().min(0);
const callId = z.int().min(0);
/** Record bytes that a child may send in all over this connection: of any lane, and of alarms beyond that. */
const credit = z.tuple([sequence, sequence]);

const streamHeader = z.discriminatedUnion("op", [
  /** Child, first: who it is, the lanes it can send and how far they go, the nodes below it and their documents. */
  z.strictObject({
    op: z.literal("offer"),
    protocol: z.literal(1),
    node: nameSchema,
    site: nameSchema,
    tier: tierSchema,
    /** From a sibling, not a child: it goes around its own uplink, or it offers nothing and is here for calls. */
    sibling: z.enum(["relayed", "quiet"]).optional(),
    lanes: z.array(z.tuple([laneName, sequence])).max(1 << 20),
    desired: z.array(z.tuple([nameSchema, version])).max(1 << 20),
  }),
  /** Parent, in answer: from where it wants each lane: the mark it holds; and the credit so far. */
  z.strictObject({ op: z.literal("subscribe"), lanes: z.array(z.tuple([laneName, sequence, hash])).max(1 << 20), credit: credit.optional() }),
  /** Child: runs of any lanes, end to end in the payload; each names its lane itself. The first `alarmBytes` are charged to the alarms' credit. */
  z.strictObject({ op: z.literal("records"), alarmBytes: sequence.optional() }),
  /** Parent: `received` and `safe` per lane; and the credit so far. */
  z.strictObject({ op: z.literal("mark"), lanes: z.array(z.tuple([laneName, sequence, sequence])).max(1 << 20), credit: credit.optional() }),
  /** Child: it needs so much credit, what it has included, for what it sends next. */
  z.strictObject({ op: z.literal("ask"), bytes: sequence, alarm: z.boolean(), waitedMs: z.number().min(0) }),
  /** Child: credit that it asked for and has no use for; it counts as spent. */
  z.strictObject({ op: z.literal("return"), bytes: sequence, alarmBytes: sequence }),
  /** Parent: too many wait. The child closes the link and comes back after that time. */
  z.strictObject({ op: z.literal("later"), retryAfterMs: z.number().min(0) }),
  /** Child: ends of runs of a lane, ascending, of which it wants to know how far the parent holds the same, in that lane or a branch of it. */
  z.strictObject({ op: z.literal("history"), lane: laneName, points: z.array(z.tuple([sequence, hash])).max(limits.historyPointsMax) }),
  /** Parent, in answer: the last of the points that it holds, in which lane, how far that lane goes, the epoch of what follows there, and whether another of the child's name is connected. */
  z.strictObject({
    op: z.literal("common"),
    lane: laneName,
    found: z.strictObject({ point: sequence, lane: laneName, sequence, hash, nextEpoch: z.string().max(13).optional(), twin: z.literal(true).optional() }).optional(),
  }),
  /** Parent: a run of the lane does not follow what it holds. */
  z.strictObject({ op: z.literal("refuse"), lane: laneName, code: z.string(), message: z.string() }),
]);

const desiredHeader = z.discriminatedUnion("op", [
  /** Parent: the newest document of a node, in the payload. */
  z.strictObject({ op: z.literal("document"), node: nameSchema, version }),
  /** Child: it is on its disk. */
  z.strictObject({ op: z.literal("have"), node: nameSchema, version }),
]);

const blobHeader = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("want"), hash: blobHashSchema, offset: sequence }),
  z.strictObject({ op: z.literal("chunk"), hash: blobHashSchema, offset: sequence, sizeBytes: sequence }),
  z.strictObject({ op: z.literal("missing"), hash: blobHashSchema }),
  /** Not now: it is asked for further up, or too much is asked for at a time. */
  z.strictObject({ op: z.literal("later"), hash: blobHashSchema, code: z.enum(["HOLON_BLOB_AWAITED", "HOLON_BLOB_BUSY"]), retryAfterMs: z.number().min(0) }),
]);

const callHeader = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("request"), id: callId, to: nameSchema, method: z.string().max(64), deadlineMs: z.number().positive() }),
  z.strictObject({ op: z.literal("answer"), id: callId, ok: z.boolean() }),
  z.strictObject({ op: z.literal("cancel"), id: callId }),
  /** A sign of life after silence; the peer answers with `alive`. */
  z.strictObject({ op: z.literal("ping") }),
  z.strictObject({ op: z.literal("alive") }),
]);

const frameKinds = ["stream", "desired", "blob", "call"] as const;
const headerSchemas = { stream: streamHeader, desired: desiredHeader, blob: blobHeader, call: callHeader } as const;

type FrameOf<Kind extends keyof typeof headerSchemas> = { readonly kind: Kind; readonly header: z.infer<(typeof headerSchemas)[Kind]>; readonly payload: Uint8Array };
export type StreamFrame = FrameOf<"stream">;
export type DesiredFrame = FrameOf<"desired">;
export type BlobFrame = FrameOf<"blob">;
export type CallFrame = FrameOf<"call">;
export type Frame = StreamFrame | DesiredFrame | BlobFrame | CallFrame;
/** A frame to send: without a payload where it has none. */
export type FrameInput = { [Kind in Frame["kind"]]: Omit<Extract<Frame, { kind: Kind }>, "payload"> & { readonly payload?: Uint8Array } }[Frame["kind"]];

/** Below this the frame of zstd itself eats what is saved. */
const compressFromBytes = 64;
/** Above this a frame has enough text of its own. */
const dictionaryUpToBytes = 64 * 1024;
const flagCompressed = 1;
const flagDictionary = 2;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const nothing = new Uint8Array(0);

export function encodeFrame(frame: FrameInput, codec: FrameCodec): Uint8Array {
  const header = encoder.encode(JSON.stringify(frame.header));
  const payload = frame.payload ?? nothing;
  const plain = new Uint8Array(6 + header.length + payload.length);
  plain[0] = frameKinds.indexOf(frame.kind);
  new DataView(plain.buffer).setUint32(2, header.length, true);
  plain.set(header, 6);
  plain.set(payload, 6 + header.length);
  if (plain.length < compressFromBytes) return plain;
  const withDictionary = plain.length <= dictionaryUpToBytes;
  const packed = codec.compress(plain.subarray(2), withDictionary ? linkDictionary : undefined);
  if (packed.length + 2 >= plain.length) return plain;
  const bytes = new Uint8Array(2 + packed.length);
  bytes[0] = plain[0];
  bytes[1] = withDictionary ? flagCompressed | flagDictionary : flagCompressed;
  bytes.set(packed, 2);
  return bytes;
}

/** `HOLON_FRAME_BAD` for anything that is no frame. */
export function decodeFrame(bytes: Uint8Array, codec: FrameCodec): Frame {
  const kind = frameKinds[bytes[0] ?? 255];
  if (kind === undefined || bytes.length < 3) throw bad("its kind is unknown");
  const flags = bytes[1] ?? 0;
  const dictionary = (flags & flagDictionary) === 0 ? undefined : linkDictionary;
  const body = (flags & flagCompressed) === 0 ? bytes.subarray(2) : codec.decompress(bytes.subarray(2), limits.frameBytesMax, dictionary);
  if (body.length < 4) throw bad("it is cut short");
  const headerEnd = 4 + new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0, true);
  if (headerEnd > body.length) throw bad("its header is cut short");
  return parseFrame(kind, body.subarray(4, headerEnd), body.subarray(headerEnd));
}

function parseFrame(kind: Frame["kind"], headerBytes: Uint8Array, payload: Uint8Array): Frame {
  const parsed = headerSchemas[kind].safeParse(parseJson(headerBytes));
  if (!parsed.success) throw bad(`its ${kind} header does not fit: ${z.prettifyError(parsed.error)}`);
  return { kind, header: parsed.data, payload } as Frame; // the schema was chosen by the kind
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new HolonError("HOLON_FRAME_BAD", "a frame holds no JSON where it should", { cause });
  }
}

const bad = (why: string): HolonError => new HolonError("HOLON_FRAME_BAD", `a frame was refused: ${why}`);
