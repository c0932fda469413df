/** The elastic functions that a node is to run: for what waits here, and a second instance of each for what waits on a sibling. */
import { toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Clock, Crypto, Trace, UnitInstance } from "@holon/core/ports.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import type { Events } from "../event/events.ts";
import { inputOf } from "@holon/core/run/trigger-events.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { makerOf } from "@holon/core/policy/lowering.ts";
import { openHandedClass, type HandedClass } from "../run/handed-class.ts";
import { functionKind, stateCell } from "../run/program.ts";
import type { UnitContext } from "../run/unit.ts";
import { requireStateless } from "./batch.ts";
import type { UnitKind } from "../run/unit-kind.ts";
import { createElasticUnit, type ElasticRules, type ElasticUnit } from "./elastic-unit.ts";
import type { Lending, Lent } from "./lending.ts";

export interface StandIn {
  readonly lent: Lent;
  readonly key: string;
  readonly memoryBytes: number;
  open(): Promise<StoodIn>;
  /** Whether this node has more waiting for it itself than it gets through in time. */
  isBehind(): boolean;
}

export interface StoodIn {
  readonly instance: UnitInstance;
  readonly born: Pick<HandedClass, "take">;
  /** Classes of what it was handed here beside events: what its node shares. */
  readonly beside: ReadonlySet<DataClass>;
}

interface Found {
  readonly app: AppDocument;
  readonly fn: FunctionDocument;
}

interface UnitTools {
  readonly log: Pick<Log, "append" | "cells">;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly crypto: Pick<Crypto, "sha256">; readonly trace: Trace };
  readonly lending: Lending | undefined;
  readonly rules: ElasticRules | undefined;
}

const encoder = new TextEncoder();

export function elasticFunction(apps: readonly AppDocument[], unit: string): Found | undefined {
  for (const app of apps) {
    const fn = app.functions.find(({ name, elastic }) => elastic !== undefined && `${app.name}/${name}` === unit);
    if (fn !== undefined) return { app, fn };
  }
  return undefined;
}

/** From a time when it was not elastic: what it does would follow from where it is done. */
export const keepsSomething = (unit: string, log: Pick<Log, "cells">): boolean => [stateCell(unit, ""), `fitted/${unit}/`].some((prefix) => log.cells(prefix).size > 0);

/** An elastic function where nobody helps: what it keeps is refused there too, or it would pass on one node and not in a site. */
export const alone = (unit: string, kind: UnitKind): UnitKind => ({
  ...kind,
  async open(settled, born) {
    const { instance, positions } = await kind.open(settled, born);
    return { positions, instance: { handle: async (events) => requireStateless(unit, await instance.handle(events)), stop: () => instance.stop() } };
  },
});

/** Undefined where nobody helps anybody. */
export function elasticUnitOf(app: AppDocument, fn: FunctionDocument, { log, events, ports, lending, rules }: UnitTools): ElasticUnit | undefined {
  if (fn.elastic === undefined || lending === undefined) return undefined;
  const unit = `${app.name}/${fn.name}`;
  const changed = (siblings: number, waiting: number): void => {
    const record = events.record({ stream: "audit", type: "holon.function.scaled", class: "public", producer: "agent", data: { app: app.name, function: fn.name, siblings, waiting } });
    log.append({ records: [record] }).catch((error: unknown) => ports.trace.note("warn", `function ${unit}: ${toHolonError(error).message}`, { code: toHolonError(error).code }));
  };
  return createElasticUnit({ lent: lentOf(app, fn, ports.crypto), elastic: fn.elastic, clock: ports.clock, lending, hasState: () => keepsSomething(unit, log), changed, rules });
}

export function standInOf({ app, fn }: Found, { crypto, context, isBehind }: { readonly crypto: Pick<Crypto, "sha256">; context(app: AppDocument): UnitContext; isBehind(): boolean }): StandIn {
  const lent = lentOf(app, fn, crypto);
  const open = async (): Promise<StoodIn> => {
    const own = context(app);
    const born = openHandedClass({ app, maker: makerOf(app, fn), type: inputOf(app.name, fn).type, log: own.log, guard: own.guard });
    const beside = new Set<DataClass>();
    const besideEvents: HandedClass = { maker: () => born.maker(), told: (dataClass, through) => born.told(dataClass, through), cells: () => born.cells(), take: (classes) => born.take([...classes].map((one) => (beside.add(one), one))) };
    const { instance } = await functionKind(fn, own).open(() => Promise.resolve(), besideEvents);
    return { instance, born, beside };
  };
  return { lent, key: lent.key, memoryBytes: fn.memoryBytesMax ?? limits.unitMemoryBytes, open, isBehind };
}

function lentOf(app: AppDocument, fn: FunctionDocument, { sha256 }: Pick<Crypto, "sha256">): Lent {
  // Where it runs and what it needs of a place says nothing of what it does.
  const { run: _, needs: __, elastic: ___, ...does } = fn;
  const models = app.models.filter(({ name }) => fn.models.includes(name)).map(({ name, graph }) => ({ name, graph }));
  return { app, fn: fn.name, key: toHex(sha256(encoder.encode(canonicalJson({ app: app.name, does, models })))), timeoutMs: fn.timeoutMs };
}
