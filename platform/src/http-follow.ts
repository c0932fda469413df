import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { StopSignal } from "@holon/core/api/route.ts";
import { toHolonError } from "@holon/core/errors.ts";

type Source = (signal: StopSignal) => AsyncIterable<unknown> | readonly unknown[];

/** The answers without end that are being given. */
export interface Followers {
  /** Sends each value as a line of JSON for as long as the caller listens. */
  serve(source: Source, response: ServerResponse): Promise<void>;
  stop(): void;
}

export function createFollowers(): Followers {
  const open = new Set<AbortController>();
  return {
    serve: async (source, response) => {
      const controller = new AbortController();
      open.add(controller);
      response.once("close", () => controller.abort());
      try {
        await pour(source, response, controller.signal);
      } finally {
        open.delete(controller);
      }
    },
    stop: () => {
      for (const controller of open) controller.abort();
    },
  };
}

async function pour(source: Source, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store", "x-content-type-options": "nosniff" });
  // The caller learns that it follows before there is anything to tell.
  response.flushHeaders();
  try {
    for await (const value of source(stopSignal(signal))) {
      if (signal.aborted) break;
      if (!response.write(`${JSON.stringify(value)}\n`)) await once(response, "drain", { signal });
    }
  } catch (error) {
    if (!signal.aborted) response.write(`${JSON.stringify({ error: toHolonError(error) })}\n`);
  }
  response.end();
}

const stopSignal = (signal: AbortSignal): StopSignal => ({
  get aborted() {
    return signal.aborted;
  },
  onAbort: (callback) => {
    if (signal.aborted) callback();
    else signal.addEventListener("abort", callback, { once: true });
  },
});
