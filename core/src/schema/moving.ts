/** A unit on its way from one node to another, with what it holds: what a desired document says of it, what nodes tell, and the state that travels. */
import { z } from "zod";
import { vouchedSchema } from "../identity/messages.ts";
import { canonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import { blobHashSchema } from "./app.ts";

/** `app/function`. */
const unitSchema = z.string().min(3).max(127).regex(/^[^/]+\/[^/]+$/);
/** Of one move: unit, the node it leaves, and the version of the document that says so. */
const moveIdSchema = z.string().min(1).max(256);
const nodeSchema = z.string().min(1).max(63);

/**
 * `jurisdiction`: of the node that it goes to; what is raw or personal goes nowhere without it. `by`: of all nodes by way of which what it holds goes there, up to control, where it waits, and down again.
 */
export const leaveSchema = z.strictObject({ unit: unitSchema, id: moveIdSchema, to: nodeSchema, jurisdiction: z.string().min(1).optional(), by: z.array(z.string().min(1)).max(limits.moveWayMax).optional() });
export type Leave = z.infer<typeof leaveSchema>;
/** `state`: the blob it goes on from; without it from nothing, or, where it comes back to the node that it left, from what is there. */
export const takeSchema = z.strictObject({ unit: unitSchema, id: moveIdSchema, from: nodeSchema, state: blobHashSchema.optional() });
export type Take = z.infer<typeof takeSchema>;

export const movingSchema = z.strictObject({
  /** To be worked off here, and to depart. They stay in `apps` until that is told. */
  leaves: z.array(leaveSchema).max(limits.appFunctionsMax).optional(),
  /** To be started here from what departed elsewhere, once control has granted it. */
  takes: z.array(takeSchema).max(limits.appFunctionsMax).optional(),
  /** Origins whose records a unit with `sources` is handed; a unit without is handed all that is in the log. */
  reads: z.record(unitSchema, z.array(nodeSchema).max(limits.planNodesMax)).optional(),
});
export type Moving = z.infer<typeof movingSchema>;

/** What a unit holds, as it travels: its cells (values in base64), and how far it has read each lane. */
export const unitStateSchema = z.strictObject({
  apiVersion: z.literal("holon/v1"),
  kind: z.literal("UnitState"),
  unit: unitSchema,
  id: moveIdSchema,
  positions: z.record(z.string(), z.int().min(0)),
  /** By family and what follows the unit's name. */
  cells: z.array(z.strictObject({ family: z.enum(["state", "fitted", "window", "schedule", "job", "born"]), key: z.string(), value: z.base64() })),
  /** Blobs that the cells name. */
  blobs: z.array(blobHashSchema),
  /** Of chance, 32 hexadecimal digits: the hash of the whole is told to everybody, and what it is of could be guessed otherwise. */
  salt: z.string().regex(/^[0-9a-f]{32}$/).optional(),
});
export type UnitState = z.infer<typeof unitStateSchema>;

const positionsTold = z.record(z.string(), z.int().min(0));
/** `holon.unit.sealed`, a departure: in the same append as what ends the unit on this node. */
export const departedSchema = z.strictObject({
  unit: unitSchema,
  id: moveIdSchema,
  to: nodeSchema,
  /** Null where it may not leave, or there is too much of it: `kept` says why, and the unit comes back. */
  state: blobHashSchema.nullable(),
  bytes: z.int().min(0),
  /** Blobs beside the state itself. */
  blobs: z.array(blobHashSchema),
  /** The first lanes; all of them are in the state. */
  positions: positionsTold,
  /** Records of this node's own lanes that it was not handed any more. */
  left: positionsTold,
  kept: z.string().nullable(),
});
export type Departed = z.infer<typeof departedSchema>;
/** `holon.unit.taken`: in the same append as what it goes on from. */
export const takenSchema = z.strictObject({ unit: unitSchema, id: moveIdSchema, from: nodeSchema, state: blobHashSchema.nullable(), positions: positionsTold });
export const movingEvents = { departed: "holon.unit.sealed", taken: "holon.unit.taken" } as const;

const askShape = { node: nodeSchema, unit: unitSchema, id: moveIdSchema, vouched: vouchedSchema.optional() };
/** `plan.take`, passed up to control: may this node start what departed elsewhere? Once granted it is nobody else's. `vouched`: the rest of it, signed by the node, where it has a certificate. */
export const takeAskSchema = z.strictObject(askShape);
export const takeAnswerSchema = z.strictObject({ granted: z.boolean() });
/** `state.piece`, asked by those above: a part of a state that departed here. */
export const pieceAskSchema = z.strictObject({ hash: blobHashSchema, offset: z.int().min(0) });
export const pieceAnswerSchema = z.strictObject({ sizeBytes: z.int().min(0), piece: z.base64() });
/** `plan.state`, passed up to control by the node that a unit comes to: a part of what it holds, answered as `state.piece` is. */
export const stateAskSchema = z.strictObject({ ...askShape, hash: blobHashSchema, offset: z.int().min(0) });
/** `plan.moved`, passed up to control by the node that a unit left: does it go on elsewhere, so that what it held may be forgotten there? */
export const movedAskSchema = z.strictObject(askShape);
export const movedAnswerSchema = z.strictObject({ over: z.boolean() });
export const movingMethods = { take: "plan.take", state: "plan.state", moved: "plan.moved", piece: "state.piece" } as const;

/** What a node signs of its question. */
export const askedText = (method: string, question: Readonly<Record<string, unknown>>): Uint8Array => {
  const { vouched: _, ...rest } = question;
  return new TextEncoder().encode(`holon ask\n${method}\n${canonicalJson(rest)}`);
};
