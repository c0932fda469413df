/** This node and those below it that are to run a function which answers requests, by the documents that this node keeps of them. Read anew when one has changed. */
import type { Log } from "@holon/core/log/log.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { parseDesired } from "../desired/documents.ts";
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

const prefix = "desired/";

export function createReplicaIndex(log: Pick<Log, "cells">): ReplicaIndex {
  let known: readonly Below[] | undefined;

  function read(): readonly Below[] {
    return [...log.cells(prefix)].flatMap(([key, bytes]) => {
      const node = key.slice(prefix.length);
      const desired = parseDesired(bytes, node);
      const isHome = (unit: string): boolean => (desired.delegation?.units.find((one) => one.unit === unit)?.home ?? node) === node;
      return desired.apps.flatMap((app) => routesOf(app).map((route) => ({ node, route, app, version: desired.version, isHome: isHome(`${app.name}/${route.fn}`) })));
    });
  }

  return {
    changed: () => (known = undefined),
    find(app, { method, path }) {
      known ??= read();
      return known.filter(({ route }) => route.app === app && route.method === method && route.pattern.test(path));
    },
  };
}
