/** This node and those below it that are to run a function which answers requests, by the documents that this node keeps of them. */
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { createDocumentIndex } from "../desired/document-index.ts";
import { routesOf, type FunctionRequest, type Route } from "./requests.ts";

export interface Below {
  readonly node: string;
  readonly route: Route;
  readonly app: AppDocument;
  readonly version: number;
  /** False: of a site whose lead may let this node run it, and control wants it on another. */
  readonly isHome: boolean;
}

export interface ReplicaIndex {
  /** A document has changed. */
  changed(): void;
  find(app: string, request: Pick<FunctionRequest, "method" | "path">): readonly Below[];
}

export function createReplicaIndex(log: Pick<Log, "cells">, trace: Trace): ReplicaIndex {
  const index = createDocumentIndex<Below>(log, trace, {
    rowsOf(node, desired) {
      const isHome = (unit: string): boolean => (desired.delegation?.units.find((one) => one.unit === unit)?.home ?? node) === node;
      return desired.apps.flatMap((app) => routesOf(app).map((route) => ({ node, route, app, version: desired.version, isHome: isHome(`${app.name}/${route.fn}`) })));
    },
    unread: (node) => `requests do not go to ${node}`,
  });
  return {
    changed: index.changed,
    find: (app, { method, path }) => index.rows().filter(({ route }) => route.app === app && route.method === method && route.pattern.test(path)),
  };
}
