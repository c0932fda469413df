import { type ErrorCode, HolonError } from "@holon/core/errors.ts";

/** An error with the HTTP status and headers that HTTP itself asks for. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly error: HolonError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, error: HolonError, headers: Readonly<Record<string, string>>) {
    super(error.message, { cause: error });
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

export const refusal = (status: number, code: ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}, next?: string): HttpRefusal =>
  new HttpRefusal(status, new HolonError(code, message, next === undefined ? {} : { next }), headers);
