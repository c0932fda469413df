/** `holon api show|watch` */
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { errorOf, openStream, type Client, type ClientOptions } from "../client.ts";

export async function showApi(client: Client, json: boolean): Promise<void> {
  const document = await client.get("/v1/openapi.json", z.looseObject({ openapi: z.string() }));
  process.stdout.write(`${JSON.stringify(document, undefined, json ? undefined : 2)}\n`);
}

interface WatchOptions {
  readonly kinds?: string;
  readonly json?: boolean;
  readonly ended: AbortSignal;
}

const eventSchema = z.looseObject({ kind: z.string(), name: z.string(), value: z.unknown() });
/** Before the stream is opened again. */
const againMs = 1_000;

/** Until it is told to stop. A stream that breaks is opened again behind the last event that was seen. */
export async function watchFleet(options: ClientOptions, { kinds, json = false, ended }: WatchOptions): Promise<void> {
  const path = kinds === undefined ? "/v1/watch" : `/v1/watch?kinds=${encodeURIComponent(kinds)}`;
  let lastId = "";
  while (!ended.aborted) {
    try {
      for await (const { id, event, data } of openStream(options, path, { accept: "text/event-stream", ...(lastId === "" ? {} : { "last-event-id": lastId }) }, ended)) {
        lastId = id ?? lastId;
        if (event === "error") throw errorOf(data) ?? new HolonError("HOLON_INTERNAL", "the watch ended without a reason");
        if (json) process.stdout.write(`${JSON.stringify({ event, ...(id === undefined ? {} : { id }), data })}\n`);
        else if (event === "put" || event === "remove") process.stdout.write(`${event} ${eventSchema.parse(data).kind} ${eventSchema.parse(data).name}\n`);
        else process.stderr.write(event === "reset" ? "everything, as it is:\n" : "that was everything; changes follow\n");
      }
    } catch (error) {
      if (ended.aborted) return;
      if (!(error instanceof HolonError) || (error.code !== "HOLON_API_UNREACHABLE" && error.code !== "HOLON_API_TIMEOUT") || lastId === "") throw error;
    }
    if (!ended.aborted) await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}
