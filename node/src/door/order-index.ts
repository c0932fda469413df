/** Who gives orders that roam to its devices, and who may make them: this node and those below it, by the documents that it keeps of them. */
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { createDocumentIndex } from "../desired/document-index.ts";

export interface OrderIndex {
  /** A document has changed. */
  changed(): void;
  /** Whether any door here or below gives any. */
  isUsed(): boolean;
  /** Nodes whose doors give such an order, with the app as they have it; nobody: it is none. */
  givers(app: string, type: string): readonly Giver[];
  /** Whether the node is to run what makes such events, by its document. */
  makes(node: string, app: string, type: string): boolean;
}

export interface Giver {
  readonly node: string;
  readonly app: AppDocument;
  readonly version: number;
}

export function createOrderIndex(log: Pick<Log, "cells">, trace: Trace): OrderIndex {
  const index = createDocumentIndex<Giver & { readonly gives: ReadonlySet<string>; readonly makes: ReadonlySet<string> }>(log, trace, {
    rowsOf: (node, desired) => desired.apps.map((app) => ({ node, app, version: desired.version, gives: roamingOf(app), makes: madeBy(app) })),
    unread: (node) => `orders do not go to ${node}`,
  });
  return {
    changed: index.changed,
    isUsed: () => index.rows().some(({ gives }) => gives.size > 0),
    givers: (app, type) => index.rows().filter(({ app: { name }, gives }) => name === app && gives.has(type)),
    makes: (node, app, type) => index.rows().some((row) => row.node === node && row.app.name === app && row.makes.has(type)),
  };
}

const roamingOf = ({ sources }: AppDocument): ReadonlySet<string> => new Set(sources.flatMap((source) => (source.kind === "mqtt" ? (source.gives ?? []).flatMap(({ type, roams }) => (roams === true ? [type] : [])) : [])));

const madeBy = ({ functions }: AppDocument): ReadonlySet<string> => new Set(functions.flatMap(({ emits }) => Object.keys(emits)));
