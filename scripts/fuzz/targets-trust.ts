/** What nodes ask control of units that move, what such units hold, and what TPMs are to have signed. */
import { generateKeyPairSync, sign } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { quoteAnswerSchema, quoteAskSchema, readQuoted } from "@holon/core/measure/quote.ts";
import { askedText, movedAnswerSchema, pieceAnswerSchema, stateAskSchema, takeAskSchema } from "@holon/core/schema/moving.ts";
import { whole } from "@holon/node/moving/pieces.ts";
import { cellsFrom, encodeUnitState, parseUnitState } from "@holon/node/moving/unit-state.ts";
import { verifyQuote } from "@holon/platform/tpm/quote.ts";
import { bytesOf, type Target } from "./target.ts";

const vouched = { chain: ["-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"], proof: "AAAA" };
const ask = { node: "edge-1", unit: "a/f", id: "a/f@edge-1#1" };
const hash = "ab".repeat(32);
const nonce = "01".repeat(16);
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const message = Buffer.from(`ff54434780180004${"aa".repeat(4)}0010${nonce}${"00".repeat(25)}00000001000b030000800020${"cc".repeat(32)}`, "hex");
const quote = { files: [{ name: "adopted", hash }, { name: "found", hash }], message: message.toString("base64"), signature: sign("sha256", message, keys.privateKey).toString("base64"), keyPem: keys.publicKey.export({ type: "spki", format: "pem" }).toString() };
const { hash: wanted } = stateAskSchema.parse({ ...ask, hash, offset: 0 });
const emptyLog = { cell: () => undefined, cells: () => new Map<string, Uint8Array>() };

export const trustTargets: readonly Target[] = [
  {
    name: "moves",
    words: ['"vouched":{', '"unit":"a/f"', '"offset":9007199254740991', '"sizeBytes":', '"cells":[', '"family":"fitted"', '"positions":{"__proto__":1}', '"kind":"UnitState"'],
    samples: () =>
      [
        { ...ask, vouched }, { ...ask, hash, offset: 0 }, { sizeBytes: 3, piece: "AAAA" }, { over: true },
        { apiVersion: "holon/v1", kind: "UnitState", unit: "a/f", id: "1", positions: { "edge-1/data": 3 }, cells: [{ family: "state", key: "k", value: "AAAA" }], blobs: [hash] },
      ].map((value) => bytesOf(JSON.stringify(value))),
    async run(input) {
      const value = parseJson(input);
      for (const schema of [takeAskSchema, stateAskSchema]) {
        const asked = schema.safeParse(value);
        if (asked.success) askedText("plan.take", asked.data);
      }
      movedAnswerSchema.safeParse(value);
      if (pieceAnswerSchema.safeParse(value).success) {
        // One who answers the same again and again, whatever is asked for, ends it.
        const answers = { left: 8 };
        await whole(wanted, () => (answers.left-- > 0 ? Promise.resolve(value) : Promise.reject(new HolonError("HOLON_CALL_TIMEOUT", "enough"))));
      }
      const state = parseUnitState(input, "a/f");
      cellsFrom(state, emptyLog);
      encodeUnitState(state);
    },
  },
  {
    name: "quote-answers",
    words: ['"files":[', '"keyPem":"-----BEGIN PUBLIC KEY-----', '"signature":"', '"message":"/1RDR4AY', '"altered program"', '"found"', '"adopted"'],
    samples: () => [{ quote, vouched }, { quote }, { nonce }].map((value) => bytesOf(JSON.stringify(value))),
    run(input) {
      const value = parseJson(input);
      quoteAskSchema.safeParse(value);
      const answer = quoteAnswerSchema.safeParse(value);
      if (!answer.success) return;
      readQuoted(answer.data.quote);
      verifyQuote(answer.data.quote, nonce, quote.keyPem);
      throw new Error("it believes a quote whose log was never extended");
    },
  },
];
