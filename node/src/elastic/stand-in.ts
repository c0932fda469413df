/** A second instance of a function that is to run on this node, for what waits on a sibling. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Crypto, UnitInstance } from "@holon/core/ports.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { Lent } from "./lending.ts";

export interface StandIn {
  readonly lent: Lent;
  readonly key: string;
  readonly memoryBytes: number;
  open(): Promise<UnitInstance>;
  /** Whether this node has more waiting for it itself than it gets through in time. */
  isBehind(): boolean;
}

const encoder = new TextEncoder();

export function lentOf(app: AppDocument, fn: FunctionDocument, { sha256 }: Pick<Crypto, "sha256">): Lent {
  // Where it runs and what it needs of a place says nothing of what it does.
  const { run: _, needs: __, elastic: ___, ...does } = fn;
  const models = app.models.filter(({ name }) => fn.models.includes(name)).map(({ name, graph }) => ({ name, graph }));
  return { app, fn: fn.name, key: toHex(sha256(encoder.encode(canonicalJson({ app: app.name, does, models })))), timeoutMs: fn.timeoutMs };
}

export const memoryOf = ({ memoryBytesMax }: FunctionDocument): number => memoryBytesMax ?? limits.unitMemoryBytes;
