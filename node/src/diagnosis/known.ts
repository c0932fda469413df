/** The secrets that this node can know of, looked for in everything that it tells. */
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { createRedactor, type Redactor } from "@holon/core/diagnosis/redact.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { OwnLines } from "./own-lines.ts";

export interface Known {
  /** By what lies in the node's files at this moment. Fails where they cannot be read: then nothing is told. */
  refresh(): Promise<Redactor>;
  redactor(): Redactor;
}

export function createKnown({ ports, ownLines }: { readonly ports: Ports; readonly ownLines: OwnLines }): Known {
  /** Of this life, also those that are no more: what was written while they held may still say them. */
  const held = new Set<string>();
  let redactor = createRedactor([]);
  return {
    redactor: () => redactor,
    async refresh() {
      const secrets = (await ports.diagnostics?.secrets()) ?? [];
      const fresh = secrets.filter((secret) => !held.has(secret));
      if (fresh.length === 0) return redactor;
      for (const secret of fresh) held.add(secret);
      const present = new Set(secrets);
      for (const old of held) if (held.size > diagnosisBounds.secretsMax && !present.has(old)) held.delete(old);
      redactor = createRedactor([...held]);
      ownLines.know(redactor);
      return redactor;
    },
  };
}
