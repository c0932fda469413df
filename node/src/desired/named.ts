/**
 * What the newest document that this node holds says of a unit. A lease is granted by that document, and what runs by the one before may take long to end: blobs have to come first, and what is ended takes its time.
 * So whoever asks for a lease asks here as well.
 */
import type { Log } from "@holon/core/log/log.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { isHere } from "../moving/here.ts";
import { desiredOf } from "./documents.ts";

/** Who lets it run here: control, the lead of the site, or nobody, since it is not named, or has still to come, or has departed. */
export type LetBy = "control" | "site" | undefined;

type Named = ReadonlyMap<string, "control" | "site">;
/** Of what a document names; one is read once. */
const namedBy = new WeakMap<Desired, Named>();

export function letBy(log: Pick<Log, "cell" | "origin">, unit: string): LetBy {
  const document = desiredOf(log, log.origin)?.document;
  if (document === undefined) return undefined;
  const named = namedBy.get(document) ?? namesOf(document);
  namedBy.set(document, named);
  const by = named.get(unit);
  return by === undefined || !isHere(log, document, unit) ? undefined : by;
}

function namesOf({ apps, delegation }: Desired): Named {
  const left = new Set(delegation?.units.map(({ unit }) => unit));
  const units = apps.flatMap((app) => app.functions.map(({ name }) => `${app.name}/${name}`));
  return new Map(units.map((unit) => [unit, left.has(unit) ? "site" : "control"]));
}
