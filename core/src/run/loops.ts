/** Functions of an app that are triggered by what they make themselves, over others or at once: such a round has no end but what one of them does, and each event that begins it may double with each turn. */
import type { Emits } from "../schema/app.ts";
import type { Trigger } from "../schema/trigger.ts";
import { fits, inputOf, responseType, stateType } from "./trigger-events.ts";

interface Looked {
  readonly name: string;
  readonly on: Trigger;
  readonly emits: Emits;
  readonly eventsPerSecondMax?: number | undefined;
}

/** What is wrong, for people. A round in which one function has a rate ends nowhere, and takes no more than that. */
export function loopProblem({ name: app, functions }: { readonly name: string; readonly functions: readonly Looked[] }): string | undefined {
  const unbounded = functions.filter(({ eventsPerSecondMax }) => eventsPerSecondMax === undefined);
  const followers = new Map(unbounded.map((one) => [one.name, unbounded.filter((other) => leadsTo(app, one, other)).map(({ name }) => name)]));
  for (const { name } of unbounded) {
    const way = wayBack(name, followers);
    if (way !== undefined) return `function ${way.join(" is followed by ")}: what it makes comes back to it, without an end; give one of them \`eventsPerSecondMax\`, or another type to make`;
  }
  return undefined;
}

function leadsTo(app: string, one: Looked, other: Looked): boolean {
  const { type } = inputOf(app, other);
  return Object.keys(one.emits).some((made) => made !== responseType && fits(type, made)) || type === stateType(app, one.name);
}

/** The shortest, from a function to itself. */
function wayBack(from: string, followers: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const before = new Map<string, string>();
  const next = [from];
  for (let name = next.shift(); name !== undefined; name = next.shift()) {
    for (const follower of followers.get(name) ?? []) {
      if (follower === from) return wayTo(name, before, [from]);
      if (before.has(follower)) continue;
      before.set(follower, name);
      next.push(follower);
    }
  }
  return undefined;
}

function wayTo(last: string, before: ReadonlyMap<string, string>, end: readonly string[]): readonly string[] {
  const way = [...end];
  for (let name: string | undefined = last; name !== undefined; name = before.get(name)) way.unshift(name);
  return way;
}
