/**
 * A shell on a node, wanted by two people. What they sign are the words here, with keys that the node's own configuration names: control carries them on and has none of them.
 *
 * The grant names a key of this one session with which what is typed is signed, and one to which what comes of it is sealed: whoever carries it can neither type nor read.
 */
import { z } from "zod";
import { canonicalJson } from "../json.ts";
import { nameSchema } from "../schema/name.ts";
import { bySchema } from "./ask.ts";
import { diagnosisBounds } from "./bounds.ts";
import { grantIdSchema as id, signatureSchema as signature, signedBySchema } from "./signed-by.ts";

export const shellMethods = { open: "diagnosis.shell.open", say: "diagnosis.shell.say", hear: "diagnosis.shell.hear", close: "diagnosis.shell.close" } as const;

const key = z.base64().min(40).max(64);

export const grantSchema = z.strictObject({
  node: nameSchema,
  id,
  /** Why, for the one who approves. */
  because: z.string().min(1).max(256),
  /** Ed25519 and X25519, of this session alone. */
  sessionKey: key,
  boxKey: key,
  until: z.iso.datetime(),
});
export type ShellGrant = z.infer<typeof grantSchema>;

export const shellOpenSchema = z.strictObject({ by: bySchema, grant: grantSchema, signatures: z.array(signedBySchema).min(1).max(2) });
export const shellSaySchema = z.strictObject({ by: bySchema, id, sequence: z.int().min(1), text: z.string().max(diagnosisBounds.shellInputBytesMax), signature });
export const shellHearSchema = z.strictObject({ by: bySchema, id, waitMs: z.int().min(0).max(diagnosisBounds.followWaitMs).default(0) });
export const shellCloseSchema = z.strictObject({ by: bySchema, id });

/** What is heard: sealed to the session's key (HPKE), with its number as associated data, so that none is left out or put elsewhere unseen. */
export const shellHeardSchema = z.strictObject({ number: z.int().min(0), enc: z.string(), sealed: z.string(), isOpen: z.boolean() });
export type ShellHeard = z.infer<typeof shellHeardSchema>;

const encoder = new TextEncoder();
export const grantWords = (grant: ShellGrant): Uint8Array => encoder.encode(`holon shell\n${canonicalJson(grant)}`);
export const inputWords = (session: string, sequence: number, text: string): Uint8Array => encoder.encode(`holon shell input\n${session}\n${sequence}\n${text}`);
export const heardAbout = (session: string, number: number): Uint8Array => encoder.encode(`holon shell output\n${session}\n${number}`);
