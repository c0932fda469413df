import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerEvent, StopSignal } from "@holon/core/api/route.ts";
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

type Source<Value = unknown> = (signal: StopSignal) => AsyncIterable<Value> | readonly Value[];

/** The answers without end that are being given. */
export interface Followers {
  /** Sends each value as a line of JSON for as long as the caller listens, with an empty line where nothing happens. */
  serve(source: Source, response: ServerResponse): Promise<void>;
  /** The same as server-sent events (HTML, section 9.2), with a line in between where nothing happens. */
  serveEvents(source: Source<ServerEvent>, response: ServerResponse): Promise<void>;
  stop(): void;
}

/** How values become text. */
interface Form<Value> {
  readonly type: string;
  print(value: Value): string;
  failed(error: unknown): string;
  /** Said when nothing was for a while. */
  readonly alive: string;
}

const lines: Form<unknown> = { type: "application/x-ndjson", print: (value) => `${JSON.stringify(value)}\n`, failed: (error) => `${JSON.stringify({ error: toHolonError(error) })}\n`, alive: "\n" };
const events: Form<ServerEvent> = {
  type: "text/event-stream",
  print: ({ id, event, data }) => `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  failed: (error) => `event: error\ndata: ${JSON.stringify({ error: toHolonError(error) })}\n\n`,
  alive: ":\n\n",
};

export function createFollowers(aliveMs: number = limits.watchAliveMs): Followers {
  const open = new Set<AbortController>();
  async function give<Value>(source: Source<Value>, response: ServerResponse, form: Form<Value>): Promise<void> {
    const controller = new AbortController();
    open.add(controller);
    response.once("close", () => controller.abort());
    try {
      await pour(source, response, form, aliveMs, controller.signal);
    } finally {
      open.delete(controller);
    }
  }
  return {
    serve: (source, response) => give(source, response, lines),
    serveEvents: (source, response) => give(source, response, events),
    stop: () => {
      for (const controller of open) controller.abort();
    },
  };
}

async function pour<Value>(source: Source<Value>, response: ServerResponse, { type, print, failed, alive }: Form<Value>, aliveMs: number, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff" });
  // The caller learns that it follows before there is anything to tell.
  response.flushHeaders();
  const timer = setInterval(() => !response.writableNeedDrain && response.write(alive), aliveMs);
  try {
    for await (const value of source(stopSignal(signal))) {
      if (signal.aborted) break;
      if (!response.write(print(value))) await once(response, "drain", { signal });
    }
  } catch (error) {
    if (!signal.aborted) response.write(failed(error));
  } finally {
    clearInterval(timer);
  }
  response.end();
}

export const stopSignal = (signal: AbortSignal): StopSignal => ({
  get aborted() {
    return signal.aborted;
  },
  onAbort: (callback) => {
    if (signal.aborted) callback();
    else signal.addEventListener("abort", callback, { once: true });
  },
});
