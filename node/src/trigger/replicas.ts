/** This node and those below it that are to run a function which answers requests, by the documents that this node keeps of them. Only one that has changed is read anew; one that cannot be read hides nobody else. */
import { toHolonError } from "@holon/core/errors.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
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

export function createReplicaIndex(log: Pick<Log, "cells">, trace: Trace): ReplicaIndex {
  /** By cell; a changed one is other bytes. */
  let cells: ReadonlyMap<string, { readonly bytes: Uint8Array; readonly rows: readonly Below[] }> = new Map();
  let known: readonly Below[] | undefined;

  function rowsOf(key: string, bytes: Uint8Array): readonly Below[] {
    const node = key.slice(prefix.length);
    try {
      const desired = parseDesired(bytes, node);
      const isHome = (unit: string): boolean => (desired.delegation?.units.find((one) => one.unit === unit)?.home ?? node) === node;
      return desired.apps.flatMap((app) => routesOf(app).map((route) => ({ node, route, app, version: desired.version, isHome: isHome(`${app.name}/${route.fn}`) })));
    } catch (error) {
      const { code, message } = toHolonError(error);
      trace.note("warn", `requests do not go to ${node}: ${message}`, { code });
      return [];
    }
  }

  function read(): readonly Below[] {
    cells = new Map([...log.cells(prefix)].map(([key, bytes]) => {
      const before = cells.get(key);
      return [key, before?.bytes === bytes ? before : { bytes, rows: rowsOf(key, bytes) }] as const;
    }));
    return [...cells.values()].flatMap(({ rows }) => rows);
  }

  return {
    changed: () => (known = undefined),
    find(app, { method, path }) {
      known ??= read();
      return known.filter(({ route }) => route.app === app && route.method === method && route.pattern.test(path));
    },
  };
}
