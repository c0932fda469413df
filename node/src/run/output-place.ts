/** What the guard makes of what a unit emits. */
import { assert } from "@holon/core/errors.ts";
import { classOfMade, isLowered, type Maker } from "@holon/core/policy/lowering.ts";
import type { Transform } from "@holon/core/policy/transform.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { Keyed } from "@holon/core/reduce/keyed.ts";
import { responseType } from "@holon/core/run/trigger-events.ts";
import { pseudonym } from "@holon/core/reduce/redact.ts";
import type { AppDocument, Emits } from "@holon/core/schema/app.ts";
import type { DataClass, StreamName } from "@holon/core/schema/event.ts";
import type { Guard } from "../policy/guard.ts";

/** As the manifest declares it. What a function answers has the class that is asked for: that of its trigger. */
export function declaredOutput(app: Pick<AppDocument, "functions">, { name, emits }: { readonly name: string; readonly emits: Emits }, type: string): Emits[string] | undefined {
  const declared = emits[type];
  const on = type === responseType ? app.functions.find((fn) => fn.name === name)?.on : undefined;
  return declared === undefined || on === undefined || !("http" in on) ? declared : { ...declared, class: on.http.class ?? "raw" };
}

/** Where an output stands and what it is: its class is lower than that of what it was made of only where the guard lets its maker lower it. */
export function placeOf(declared: Emits[string], maker: Maker, { app, guard }: { readonly app: Pick<AppDocument, "name">; readonly guard: Pick<Guard, "lowered" | "mayExport"> }): { readonly stream: StreamName; readonly class: DataClass; readonly through?: Transform } {
  const { from, through } = maker;
  const lowers = isLowered(from, declared.class);
  const own = classOfMade(declared.class, maker, { app, guard });
  const done = lowers && own !== from ? through : undefined;
  const stream = declared.stream === "local" || guard.mayExport(own, declared.stream, done) ? declared.stream : "local";
  return { stream, class: own, ...(done === undefined ? {} : { through: done }) };
}

/** The subject of what is personal is a person: what leaves that class carries a pseudonym in its place. */
export function subjectOf(subject: string | undefined, { maker, class: own, events, keyed }: { readonly maker: Maker; readonly class: DataClass; readonly events: readonly UnitEvent[]; readonly keyed: Keyed | undefined }): string | undefined {
  if (subject === undefined || maker.from !== "personal" || own === "personal" || maker.disguises === "none") return subject;
  if (maker.disguises === "handed" && !events.some((event) => event.subject === subject)) return subject;
  assert(keyed !== undefined, "a unit that is handed what is personal has the node's key");
  return pseudonym(subject, keyed);
}
