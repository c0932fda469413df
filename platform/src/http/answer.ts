import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import { type ErrorCode, errorTable, toHolonError } from "@holon/core/errors.ts";
import { JsonText } from "@holon/core/api/json-text.ts";
import { acceptsGzip } from "./page.ts";
import { HttpRefusal } from "./refusal.ts";

/** Where a code says more to HTTP than "not now" (503, may be tried again) or "failed" (500). */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  HOLON_API_BUSY: 429,
  HOLON_API_UNAUTHORISED: 401,
  HOLON_APPROVAL_BAD: 400,
  HOLON_APPROVAL_FULL: 429,
  HOLON_APPROVAL_PENDING: 403,
  HOLON_APP_BAD: 400,
  HOLON_APP_MISSING: 404,
  HOLON_ARGUMENT_BAD: 400,
  HOLON_BLOB_BAD: 400,
  HOLON_BLOB_MISSING: 404,
  HOLON_CALL_TIMEOUT: 504,
  HOLON_CONFIG_BAD: 400,
  HOLON_DIAGNOSIS_EXPIRED: 410,
  HOLON_DIAGNOSIS_GONE: 404,
  HOLON_DISK_FULL: 507,
  HOLON_EXPORT_TOO_LARGE: 413,
  HOLON_IDEMPOTENCY_OPEN: 409,
  HOLON_IDEMPOTENCY_OTHER: 422,
  HOLON_LOGIN_BUSY: 429,
  HOLON_LOGIN_ENDED: 401,
  HOLON_LOGIN_LOCKED: 429,
  HOLON_LOGIN_REFUSED: 401,
  HOLON_JSON_NUMBER: 400,
  HOLON_MODEL_DOCUMENT_BAD: 400,
  HOLON_MODEL_INPUT_BAD: 400,
  HOLON_MODEL_MISSING: 404,
  HOLON_MODEL_NOT_ONNX: 400,
  HOLON_MODEL_UNSUPPORTED: 400,
  HOLON_MODEL_WORSE: 400,
  HOLON_NODE_UNKNOWN: 404,
  HOLON_ALERT_UNKNOWN: 404,
  HOLON_EVENT_UNKNOWN: 404,
  HOLON_ALERT_FULL: 409,
  HOLON_TRACE_UNKNOWN: 404,
  HOLON_UNIT_UNKNOWN: 404,
  HOLON_PLACEMENT_UNMET: 409,
  HOLON_PLAN_MISSING: 404,
  HOLON_POLICY_BAD: 400,
  HOLON_POLICY_DENIED: 403,
  HOLON_POLICY_MISSING: 404,
  HOLON_POLICY_UNMET: 400,
  HOLON_PROVIDER_BAD: 502,
  HOLON_PROVIDER_MISSING: 404,
  HOLON_PROVIDER_REFUSED: 401,
  HOLON_PROVIDER_TIME: 401,
  HOLON_PROVIDER_UNMAPPED: 403,
  HOLON_RECORD_TOO_LARGE: 413,
  HOLON_SIGNATURE_AHEAD: 409,
  HOLON_SIGNATURE_BAD: 400,
  HOLON_SIGNATURE_UNMET: 400,
  HOLON_SIM_BUSY: 429,
  HOLON_SIM_TOO_LARGE: 413,
  HOLON_STREAM_BAD: 400,
  HOLON_TOKEN_BAD: 400,
  HOLON_UNIT_BAD: 400,
  HOLON_USER_BAD: 400,
  HOLON_USER_LAST_OWNER: 400,
  HOLON_VERSION_OTHER: 412,
};

/** The HTTP status of an error code. */
export const statusOf = (code: ErrorCode): number => statuses[code] ?? (errorTable[code].retriable ? 503 : 500);

/** Answers JSON, or bytes where the body is bytes, or nothing where it is undefined. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: OutgoingHttpHeaders = {}): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const isBytes = body instanceof Uint8Array;
  // Made bytes once: a length that is counted beforehand would have them made twice.
  const content = body === undefined ? "" : isBytes ? body : Buffer.from(`${body instanceof JsonText ? body.text : JSON.stringify(body)}\n`);
  const own = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(body !== undefined && { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
    ...headers,
  };
  const send = (bytes: string | Uint8Array, more: OutgoingHttpHeaders = {}): void => {
    if (response.headersSent || response.destroyed) return void response.destroy();
    response.writeHead(status, { ...own, "content-length": bytes.length, ...more });
    response.end(bytes);
  };
  if (isBytes || content.length < zippedFromBytes || !acceptsGzip(response.req)) return send(content);
  // In few pieces: for each one the packing waits for the loop, which others keep busy.
  gzip(content, { level: 3, chunkSize: Math.max(zippedFromBytes, content.length >> 3) }, (error, zipped) => (error === null ? send(zipped, { "content-encoding": "gzip", vary: "accept-encoding" }) : send(content)));
}

/** Below, what is saved on the line is not worth the work. */
const zippedFromBytes = 8 * 1_024;

/** The table's own word for a bad argument is for people at a command line. */
const nextForCaller = ({ code, next }: { readonly code: ErrorCode; readonly next: string }): string =>
  code === "HOLON_ARGUMENT_BAD" && next === errorTable.HOLON_ARGUMENT_BAD.next ? "Mend the request; GET /v1/openapi.json describes it." : next;

const protobuf = "application/x-protobuf";

/** `google.rpc.Status`, in which OTLP/HTTP wants its failures where the request was protobuf: field 1 the code of gRPC, field 2 the words. */
function rpcStatus(status: number, code: ErrorCode, detail: string): Uint8Array {
  const words = new TextEncoder().encode(`${code}: ${detail}`.slice(0, wordsMax));
  return Uint8Array.from([0x08, rpcCodes.get(status) ?? (status < 500 ? 3 : 13), 0x12, (words.length & 0x7f) | 0x80, words.length >> 7, ...words]);
}

/** Two bytes of a varint hold their length, however many bytes a character has. */
const wordsMax = 4_000;
const rpcCodes = new Map([[401, 16], [403, 7], [404, 5], [429, 14], [503, 14], [507, 8]]);

/** Answers problem details (RFC 9457); `error` says the same to callers that know only that. */
export function answerProblem(response: ServerResponse, problem: unknown): void {
  const coded = problem instanceof HttpRefusal ? problem.error : toHolonError(problem);
  const told = coded.toJSON();
  const error = { ...told, next: nextForCaller(told) };
  const status = problem instanceof HttpRefusal ? problem.status : statusOf(error.code);
  const later = coded.retryAfterMs === undefined ? {} : { "retry-after": `${Math.max(1, Math.ceil(coded.retryAfterMs / 1000))}` };
  const { code, message: detail, next, retriable } = error;
  const body = { type: `/v1/errors/${code}`, title: errorTable[code].means, status, detail, code, next, retriable, error, ...coded.known };
  const isProtobuf = response.req.headers["content-type"]?.split(";", 1).join().trim().toLowerCase() === protobuf;
  answer(response, status, isProtobuf ? rpcStatus(status, code, detail) : body, { "content-type": isProtobuf ? protobuf : "application/problem+json", ...later, ...(problem instanceof HttpRefusal ? problem.headers : {}) });
}
