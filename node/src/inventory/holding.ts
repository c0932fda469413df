/** What the document that this node holds says of units with needs, for a control plane that does not remember that document: it was put back from a backup. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Crypto } from "@holon/core/ports.ts";
import { documentMark, type Desired } from "@holon/core/schema/desired.ts";
import { planMethods, type HeldAnswer } from "@holon/core/schema/node-report.ts";
import type { NodeName } from "@holon/core/units.ts";
import { desiredOf } from "../desired/documents.ts";
import type { CallHandler } from "../link/calls.ts";
import { departedUnits } from "../moving/held.ts";
import { isHere } from "../moving/here.ts";

export interface HoldingOptions {
  readonly self: NodeName;
  readonly log: Pick<Log, "cell" | "cells">;
  readonly crypto: Pick<Crypto, "sha256">;
  readonly handlers: Map<string, CallHandler>;
  /** Who is above, by name. */
  above(): NodeName | undefined;
  /** It may run what stops on islands. */
  isLeased(): boolean;
}

export function answerHolding({ self, log, crypto, handlers, above, isLeased }: HoldingOptions): void {
  handlers.set(planMethods.held, (_, from) => {
    if (from !== above()) return Promise.reject(new HolonError("HOLON_CALL_DENIED", `${self} tells only those above what it holds, not ${from}`));
    const held = desiredOf(log, self);
    const left = (held?.document.delegation?.units ?? []).map(({ unit }) => unit).slice(0, limits.heldUnitsTold);
    const answer: HeldAnswer = {
      version: held?.document.version ?? 0,
      document: held === undefined ? null : documentMark(crypto.sha256(held.bytes)),
      leased: isLeased(),
      units: unitsOf(log, held?.document).slice(0, limits.heldUnitsTold),
      moving: [...(held?.document.moving?.leaves ?? []), ...(held?.document.moving?.takes ?? [])].map(({ unit }) => unit).slice(0, limits.heldUnitsTold),
      ...(left.length === 0 ? {} : { left }),
    };
    return Promise.resolve(answer);
  });
}

function unitsOf(log: Pick<Log, "cell" | "cells">, document: Desired | undefined): HeldAnswer["units"] {
  const left = new Set(document?.delegation?.units.map(({ unit }) => unit));
  const named = (document?.apps ?? []).flatMap((app) => app.functions.flatMap(({ name, needs }) => (needs === undefined ? [] : [{ unit: `${app.name}/${name}`, stops: needs.onIsolation === "stop" }])));
  const own = named.filter(({ unit }) => !left.has(unit) && document !== undefined && isHere(log, document, unit)).map((row) => ({ ...row, departed: false }));
  const departed = departedUnits(log).flatMap(({ unit }) => (own.some((one) => one.unit === unit) ? [] : [{ unit, stops: false, departed: true }]));
  return [...own, ...departed];
}
