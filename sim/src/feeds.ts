/** The Feeds port in a simulation: texts that the scenario makes for the moment at which they are read, or withholds. */
import { HolonError } from "@holon/core/errors.ts";
import type { Feeds } from "@holon/core/ports.ts";
import { sourceName } from "@holon/core/schema/energy.ts";
import type { Incarnation } from "./incarnation.ts";

/** Undefined: it cannot be read at this moment. */
export type FeedTexts = (source: string, isAddress: boolean) => string | undefined;

export function createFeeds(incarnation: Incarnation, texts: FeedTexts): Feeds {
  return {
    read: (source) =>
      incarnation.call("feeds.read", 1, () => {
        const text = texts("file" in source ? source.file : "url" in source ? source.url : source.secretUrl, !("file" in source));
        if (text === undefined) throw new HolonError("HOLON_TABLE_BAD", `${sourceName(source)} cannot be read`);
        return text;
      }),
  };
}
