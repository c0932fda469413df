import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isDeeperThan } from "@holon/core/depth.ts";
import { limits } from "@holon/core/limits.ts";
import { parseWith } from "./parse.ts";
import { refusal } from "./refusal.ts";
import { plainBytes } from "../plain-bytes.ts";

/** Reads request bodies. All bodies that are being read together stay within the bound of one blob. */
export class BodyReader {
  #heldBytes = 0;

  /** Bytes, or JSON that fits the route's schema; undefined for a route without a body. */
  async read(request: IncomingMessage, route: Route): Promise<unknown> {
    if (route.bytes !== true && route.body === undefined) return undefined;
    const isPacked = isGzip(request, route.bytes === true && route.bytesMax !== undefined);
    if (route.bytes === true) {
      const body = await this.#bytes(request, route.bytesMax ?? limits.blobBytesMax);
      return isPacked ? unpacked(body, route.bytesMax ?? limits.blobBytesMax) : body;
    }
    if (route.body === undefined) return undefined;
    const body = parseJson(await this.#bytes(request, limits.httpBodyBytesMax));
    if (isDeeperThan(body, limits.payloadDepthMax)) throw new HolonError("HOLON_ARGUMENT_BAD", `the body nests deeper than ${limits.payloadDepthMax} levels`, { next: "Send it flatter, or as text." });
    return parseWith(route.body, body, "body");
  }

  async #bytes(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
    const announced = Number(request.headers["content-length"] ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes);
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Buffer)) continue;
        size += chunk.length;
        this.#heldBytes += chunk.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        if (this.#heldBytes > limits.blobBytesMax) throw busy();
        chunks.push(chunk);
      }
      return plainBytes(Buffer.concat(chunks, size));
    } finally {
      this.#heldBytes -= size;
    }
  }
}

/** The rest of the body is not wanted: the connection ends with the answer. */
const close = { connection: "close" };

const tooLarge = (maxBytes: number) =>
  refusal(413, "HOLON_ARGUMENT_BAD", `the body is over ${maxBytes} bytes`, close, "Send less at once; large data belongs in a blob.");

const busy = () => refusal(503, "HOLON_ARGUMENT_BAD", "other large bodies are being read", close, "Try again when the other uploads are done.");

/** RFC 9110, sections 8.4 and 15.5.16: a body that is packed in another way is refused as that, with what is taken. */
function isGzip(request: IncomingMessage, isTaken: boolean): boolean {
  const coding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return false;
  if (isTaken && (coding === "gzip" || coding === "x-gzip")) return true;
  const taken = isTaken ? "gzip" : "identity";
  throw refusal(415, "HOLON_ARGUMENT_BAD", `the body is packed as ${JSON.stringify(coding.slice(0, 64))}, and ${isTaken ? "gzip alone is taken, or none" : "is taken as it is alone"}`, { ...close, "accept-encoding": taken }, isTaken ? "Set the sender's compression to gzip, or to none." : "Send it as it is.");
}

function unpacked(body: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return plainBytes(gunzipSync(body, { maxOutputLength: maxBytes }));
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(maxBytes);
    throw new HolonError("HOLON_ARGUMENT_BAD", "body: is not gzip", { cause });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // The parser's own message quotes the text, which is not ours to repeat.
    throw new HolonError("HOLON_ARGUMENT_BAD", "body: is not JSON in UTF-8", { cause, next: "Send JSON in UTF-8; GET /v1/openapi.json describes it." });
  }
}
