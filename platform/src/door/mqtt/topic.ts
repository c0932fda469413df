/** Topic names and topic filters (MQTT 3.1.1 section 4.7). */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

/** Bound on `subject` in the event's schema. */
export const { subjectCharactersMax } = limits;

/** A topic as messages name it: no longer than a subject may be. */
export const printTopic = (topic: string): string =>
  JSON.stringify(topic.length > subjectCharactersMax ? `${topic.slice(0, subjectCharactersMax)}…` : topic);

/** Whether a topic may be published to: not empty, no wildcard, no zero character, well-formed UTF-8. */
export const isTopicName = (topic: string): boolean => topic !== "" && !/[+#\0\uFFFD]/.test(topic);

/** Whether any of the filters takes the topic. `HOLON_APP_BAD` for a filter that is none. */
export function createTopicMatcher(filters: readonly string[], source: string): (topic: string) => boolean {
  const parsed = filters.map((filter) => {
    const parts = parseTopicFilter(filter);
    if (parts === undefined) throw new HolonError("HOLON_APP_BAD", `source ${source}: ${JSON.stringify(filter)} is no MQTT topic filter`);
    return parts;
  });
  /** A device says the same topic again and again. */
  let last = { topic: "", isTaken: false };
  return (topic) => {
    if (topic !== last.topic) last = { topic, isTaken: parsed.some((filter) => takes(filter, topic.split("/"))) };
    return last.isTaken;
  };
}

/** Its levels; undefined for a text that is no filter. */
export function parseTopicFilter(filter: string): readonly string[] | undefined {
  const levels = filter.split("/");
  return filter !== "" && levels.every((level, index) => (level === "#" ? index === levels.length - 1 : level === "+" || isLevel(level))) ? levels : undefined;
}

const isLevel = (level: string): boolean => !/[+#\0]/.test(level);

export function takes(filter: readonly string[], topic: readonly string[]): boolean {
  // Section 4.7.2: a wildcard at the front does not take topics that begin with $.
  if (topic[0]?.startsWith("$") === true && (filter[0] === "#" || filter[0] === "+")) return false;
  for (let index = 0; index < filter.length; index++) {
    if (filter[index] === "#") return true;
    if (index >= topic.length || (filter[index] !== "+" && filter[index] !== topic[index])) return false;
  }
  return filter.length === topic.length;
}
