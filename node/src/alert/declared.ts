/** Which objectives hold where: of the apps in the documents that this node's log holds, its own and those of the nodes below it, and of its own configuration. */
import type { Declared } from "@holon/core/alert/board.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import type { Objective } from "@holon/core/schema/objective.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { objectiveListSchema } from "@holon/core/schema/objective.ts";
import { z } from "zod";
import { desiredCell, desiredOf } from "../desired/documents.ts";

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
}

/** What counts here of a document: thousands of them are read at a start. */
const briefSchema = z.object({ apps: z.array(z.object({ name: z.string(), functions: z.array(z.object({ name: z.string() })), objectives: objectiveListSchema.optional() })) });

export function createDeclarations(log: Log, own: readonly Objective[]): Declarations {
  const byNode = new Map<string, OfNode>();
  /** Most nodes run the same: they share one account of it. */
  const shared = new Map<string, OfNode>();
  let known: readonly Declared[] | undefined;

  function read(node: string): void {
    known = undefined;
    const apps = briefOf(log, node);
    if (apps.length === 0) return void byNode.delete(node);
    const key = JSON.stringify(apps);
    const same = shared.get(key) ?? {
      objectives: apps.flatMap((app) => (app.objectives ?? []).map((objective) => ({ app: app.name, objective }))),
      runs: new Set(apps.flatMap((app) => [app.name, ...app.functions.map((fn) => `${app.name}/${fn.name}`)])),
    };
    if (shared.size >= limits.objectiveNodesMax) shared.clear();
    shared.set(key, same);
    byNode.set(node, same);
  }

  function gather(): readonly Declared[] {
    const declared = new Map<string, Declared>();
    for (const { objectives } of new Set(byNode.values())) {
      for (const { app, objective } of objectives) {
        const unit = unitOf(app, objective);
        declared.set(`${app}/${objective.name}`, { app, objective, has: (node) => byNode.get(node)?.runs.has(unit) === true });
      }
    }
    const ofNode = own.map((objective): Declared => {
      const unit = objective.app === undefined ? undefined : unitOf(objective.app, objective);
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
    own: () => ownApps(log),
  };
}

/** What a node must run to belong to it. */
const unitOf = (app: string, objective: Objective): string => ("function" in objective && objective.function !== undefined ? `${app}/${objective.function}` : app);

/** A document that does not read is told elsewhere, where it is to be run. */
function briefOf(log: Log, node: string): z.infer<typeof briefSchema>["apps"] {
  const bytes = log.cell(desiredCell(node));
  const brief = bytes === undefined ? undefined : briefSchema.safeParse(parsed(bytes));
  return brief?.success === true ? brief.data.apps : [];
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

function ownApps(log: Log): readonly AppDocument[] {
  try {
    return desiredOf(log, log.origin)?.document.apps ?? [];
  } catch {
    return [];
  }
}
