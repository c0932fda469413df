/** What stands issued for each node, in brief. A document is read once: as long as its cell is the same bytes, so is what it says. */
import type { Log } from "@holon/core/log/log.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";

export interface Issued {
  readonly version: number;
  /** Hash of the policy that it brings; null for none. */
  readonly policy: string | null;
  /** Something of it stops on islands. */
  readonly stops: boolean;
  /** By app: the names of all that the node is to run of it. */
  readonly unitsByApp: ReadonlyMap<string, ReadonlySet<string>>;
}

const known = new WeakMap<Uint8Array, Issued>();

export function issuedFor(log: Pick<Log, "cell">, node: string): Issued | undefined {
  const bytes = log.cell(`desired/${node}`);
  if (bytes === undefined) return undefined;
  const before = known.get(bytes);
  if (before !== undefined) return before;
  const { version, apps, policy } = desiredSchema.parse(parseJson(bytes));
  const unitsByApp = new Map(apps.map(({ name, functions, sources, models, reductions }) => [name, new Set([...functions, ...sources, ...models, ...(reductions ?? [])].map((unit) => unit.name))]));
  const issued = { version, policy: policy?.hash ?? null, stops: apps.some(({ functions }) => functions.some(({ needs }) => needs?.onIsolation === "stop")), unitsByApp };
  known.set(bytes, issued);
  return issued;
}
