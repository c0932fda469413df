import type { IncomingMessage, ServerResponse } from "node:http";
import type { Page } from "../pages.ts";

/** Nothing is loaded from elsewhere, nothing may frame it, and no script or style but its own files runs. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const acceptsGzip = ({ headers }: IncomingMessage): boolean => /\bgzip\b/i.test(String(headers["accept-encoding"] ?? ""));

/** A page, or a file that it loads. */
export function answerPage(request: IncomingMessage, response: ServerResponse, { bytes, zipped, type, isFixed }: Page): void {
  const isZipped = acceptsGzip(request);
  const body = isZipped ? zipped : bytes;
  response.writeHead(200, {
    "content-type": type,
    "content-length": body.length,
    ...(isZipped && { "content-encoding": "gzip" }),
    vary: "accept-encoding",
    "cache-control": isFixed ? "public, max-age=31536000, immutable" : "no-store",
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
