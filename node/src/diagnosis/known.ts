/** The secrets that this node can know of, looked for in everything that it tells. */
import { createRedactor, type Redactor } from "@holon/core/diagnosis/redact.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { Journal } from "./journal.ts";

export interface Known {
  /** By what lies in the node's files at this moment. Fails where they cannot be read: then nothing is told. */
  refresh(): Promise<Redactor>;
  redactor(): Redactor;
}

export function createKnown({ ports, journal }: { readonly config: NodeConfig; readonly ports: Ports; readonly journal: Journal }): Known {
  let held: readonly string[] = [];
  let redactor = createRedactor([]);
  return {
    redactor: () => redactor,
    async refresh() {
      const secrets = (await ports.diagnostics?.secrets()) ?? [];
      if (secrets.length !== held.length || secrets.some((secret, index) => secret !== held[index])) {
        held = secrets;
        redactor = createRedactor(secrets);
        journal.know(redactor);
      }
      return redactor;
    },
  };
}
