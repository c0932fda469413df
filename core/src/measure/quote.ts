/** What a node's TPM signed of what the node is made of, as control asks for it. */
import { z } from "zod";
import { vouchedSchema } from "../identity/messages.ts";
import { canonicalJson } from "../json.ts";
import { measurementSchema, type Difference, type Measurement } from "./measured.ts";

const base64 = z.base64().max(4_096);

export const quoteSchema = z.strictObject({ files: z.array(measurementSchema).max(64), message: base64, signature: base64, keyPem: z.string().startsWith("-----BEGIN PUBLIC KEY-----").max(1_024) });
export type Quote = z.infer<typeof quoteSchema>;

/** Call `status.quote`, from above: what the node is made of, signed with this nonce. */
export const quoteAskSchema = z.strictObject({ nonce: z.string().regex(/^[0-9a-f]{32,64}$/) });
/** `vouched`: the key that signs quotes, signed with the key of the node's certificate. */
export const quoteAnswerSchema = z.strictObject({ quote: quoteSchema, vouched: vouchedSchema.optional() });
export type QuoteAnswer = z.infer<typeof quoteAnswerSchema>;
export const quoteMethod = "status.quote";

export const quoteKeyText = (keyPem: string): Uint8Array => new TextEncoder().encode(`holon quote key\n${keyPem}`);

/** Of all files: their number has no bound that fits into a quote. */
export const digestText = (files: readonly Measurement[]): Uint8Array => new TextEncoder().encode(canonicalJson([...files].sort((a, b) => (a.name < b.name ? -1 : 1))));

const [adoptedLine, foundLine, alteredPrefix] = ["adopted", "found", "altered "];
const alteredMax = 32;
/** In place of a hash. */
export const nothing = "0".repeat(64);

/** What a TPM is told: what was adopted and what was found, each as one hash, and what differs, as far as there is room. */
export const quotedLines = (adopted: string, found: string, altered: readonly Difference[]): readonly Measurement[] => [
  { name: adoptedLine, hash: adopted },
  { name: foundLine, hash: found },
  ...altered.slice(0, alteredMax).map(({ what, found: hash }) => ({ name: `${alteredPrefix}${what}`.slice(0, 1_024), hash: hash ?? nothing })),
];

/** Read back from a quote that was verified; undefined where it says something else. */
export function readQuoted({ files }: Pick<Quote, "files">): { readonly adopted: string; readonly found: string; readonly altered: readonly string[] } | undefined {
  const hashOf = (name: string): string | undefined => files.find((file) => file.name === name)?.hash;
  const [adopted, found] = [hashOf(adoptedLine), hashOf(foundLine)];
  const altered = files.flatMap(({ name }) => (name.startsWith(alteredPrefix) ? [name.slice(alteredPrefix.length)] : []));
  return adopted === undefined || found === undefined ? undefined : { adopted, found, altered };
}
