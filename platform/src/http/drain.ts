/** Who is still sending when it is refused mostly reads no answer before all is sent, and finds the connection broken instead (RFC 9112, section 9.6): so the rest is taken and thrown away for a while. */
import type { IncomingMessage } from "node:http";

const bytesMax = 64 << 20;
const wholeMs = 5_000;
const quietMs = 250;

/** Resolves when all has come, or nothing more does, or too much. */
export function drained(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(whole);
      clearTimeout(quiet);
      request.off("data", take).off("end", done).off("close", done).off("error", done);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      quiet.refresh();
      bytes += chunk.length;
      if (bytes > bytesMax) done();
    };
    const whole = setTimeout(done, wholeMs);
    const quiet = setTimeout(done, quietMs);
    request.on("data", take).on("end", done).on("close", done).on("error", done);
    request.resume();
  });
}
