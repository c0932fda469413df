/** Which objectives hold where: of the apps in the documents that this node's log holds, its own and those of the nodes below it, and of its own configuration. */
import type { Declared } from "@holon/core/alert/board.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Objective } from "@holon/core/schema/objective.ts";
import { desiredOf } from "../desired/documents.ts";

export interface Declarations {
  /** Reads what has changed; says whether anything has. */
  committed(cells: readonly string[]): boolean;
  all(): readonly Declared[];
  /** Apps that this node itself is to run. */
  own(): readonly AppDocument[];
}

const prefix = "desired/";

interface OfNode {
  readonly objectives: readonly { readonly app: string; readonly objective: Objective }[];
  /** `app` and `app/function`. */
  readonly runs: ReadonlySet<string>;
  /** Apps, where it is this node. */
  readonly apps: readonly AppDocument[];
}

export function createDeclarations(log: Log, own: readonly Objective[]): Declarations {
  const byNode = new Map<string, OfNode>();
  let known: readonly Declared[] | undefined;

  function read(node: string): void {
    const apps = appsOf(log, node);
    known = undefined;
    if (apps.length === 0) return void byNode.delete(node);
    byNode.set(node, {
      objectives: apps.flatMap((app) => (app.objectives ?? []).map((objective) => ({ app: app.name, objective }))),
      runs: new Set(apps.flatMap((app) => [app.name, ...app.functions.map((fn) => `${app.name}/${fn.name}`)])),
      apps: node === log.origin ? apps : [],
    });
  }

  function gather(): readonly Declared[] {
    const declared = new Map<string, Declared>();
    for (const { objectives } of byNode.values()) {
      for (const { app, objective } of objectives) {
        const unit = "function" in objective && objective.function !== undefined ? `${app}/${objective.function}` : app;
        declared.set(`${app}/${objective.name}`, { app, objective, has: (node) => byNode.get(node)?.runs.has(unit) === true });
      }
    }
    const ofNode = own.map((objective): Declared => {
      const unit = objective.app === undefined ? undefined : "function" in objective && objective.function !== undefined ? `${objective.app}/${objective.function}` : objective.app;
      return { app: undefined, objective, has: (node) => unit === undefined || byNode.get(node)?.runs.has(unit) === true };
    });
    return [...declared.values(), ...ofNode];
  }

  for (const key of log.cells(prefix).keys()) read(key.slice(prefix.length));
  return {
    committed(cells) {
      const nodes = cells.filter((cell) => cell.startsWith(prefix)).map((cell) => cell.slice(prefix.length));
      for (const node of nodes) read(node);
      return nodes.length > 0;
    },
    all: () => (known ??= gather()),
    own: () => byNode.get(log.origin)?.apps ?? [],
  };
}

/** A document that does not read is told elsewhere, where it is to be run. */
function appsOf(log: Log, node: string): readonly AppDocument[] {
  try {
    return desiredOf(log, node)?.document.apps ?? [];
  } catch {
    return [];
  }
}
