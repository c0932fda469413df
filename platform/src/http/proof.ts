/**
 * How an API shows whoever holds its token that it knows it too, before the token is shown to it: an HMAC over what the other end made up, and over where the question came in. Whoever took
 * an address in its place can pass the question on to it, and gets an answer that is good at its own address alone.
 */
import { createHmac } from "node:crypto";
import type { Socket } from "node:net";
import type { Route } from "@holon/core/api/route.ts";
import { assert } from "@holon/core/errors.ts";
import { z } from "zod";

export const proofPath = "/v1/proof";
const querySchema = z.strictObject({ nonce: z.string().regex(/^[\w-]{22,86}$/) });
export const proofAnswerSchema = z.strictObject({ proof: z.string() });

/** `at` is the API's end of the connection, as `endOf` writes it. */
export const proofOf = (token: string, nonce: string, at: string): string => createHmac("sha256", token).update(`holon api\n${nonce}\n${at}`).digest("base64url");

/** One end of a connection: address and port. */
export const endOf = (address: string | undefined, port: number | undefined): string => `${address ?? ""} ${port ?? 0}`;
export const hereOf = ({ localAddress, localPort }: Pick<Socket, "localAddress" | "localPort">): string => endOf(localAddress, localPort);

export const proofRoute = (token: string): Route => ({
  method: "GET",
  path: proofPath,
  summary: "Proves that this API holds the machine's token, before that is shown to it.",
  open: true,
  query: querySchema,
  answer: proofAnswerSchema,
  handle({ query, here }) {
    assert(here !== undefined, "a server knows where it was called");
    return Promise.resolve({ status: 200, body: { proof: proofOf(token, querySchema.parse(query).nonce, here) } });
  },
});
