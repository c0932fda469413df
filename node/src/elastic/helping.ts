/**
 * Does pieces of what waits for an elastic function on a sibling, in a sandbox of its own, and keeps nothing of it: what came of them goes back in the answer. Code can keep in a variable
 * what it was handed, so a sandbox that was asked about what is personal is never asked about less: whoever asks next would be told of it as if it were theirs.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, Trace, UnitEvent, UnitResult } from "@holon/core/ports.ts";
import { isLowered, moreSensitive } from "@holon/core/policy/lowering.ts";
import { helpAskSchema, helpMethod, type HelpAsk } from "@holon/core/schema/elastic.ts";
import type { NodeName } from "@holon/core/units.ts";
import { createTurns, type InTurn } from "@holon/core/turns.ts";
import type { CallHandler } from "../link/calls.ts";
import { requireStateless } from "./batch.ts";
import type { Lending } from "./lending.ts";
import type { StandIn, StoodIn } from "./stand-in.ts";

export interface HelpingOptions {
  readonly self: NodeName;
  readonly siblings: readonly NodeName[];
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly handlers: Map<string, CallHandler>;
  readonly lending: Pick<Lending, "may">;
  /** A function that is to run here too, by this node's own document; undefined where it is not. */
  standIn(unit: string): Promise<StandIn | undefined>;
  /** Why there is no room for a sandbox of so many bytes; undefined where there is. */
  full(memoryBytes: number): string | undefined;
}

/** What is done here for siblings. */
export interface HelpRow {
  readonly unit: string;
  readonly for: string;
  readonly events: number;
}

export interface Helping {
  status(): readonly HelpRow[];
  close(): Promise<void>;
}

interface Helped {
  readonly key: string;
  readonly stoodIn: StoodIn;
  readonly inTurn: InTurn;
  waiting: number;
  idle: Timer | undefined;
  isOver: boolean;
  /** As it stands among those that help. */
  self: Promise<Helped> | undefined;
}

export function createHelping({ self, siblings, ports, handlers, lending, standIn, full }: HelpingOptions): Helping {
  /** By function and the most sensitive class of what it is asked about. */
  const helped = new Map<string, Promise<Helped>>();
  const counts = new Map<string, { readonly unit: string; readonly for: string; events: number }>();
  let closed = false;

  /** Where another has taken its place meanwhile, that one stays. */
  async function end(place: string, going: Promise<Helped> | undefined = helped.get(place)): Promise<void> {
    if (helped.get(place) === going) helped.delete(place);
    const one = await going?.catch(() => undefined);
    if (one === undefined || one.isOver) return;
    one.isOver = true;
    one.idle?.cancel();
    await one.stoodIn.instance.stop();
  }

  function idleLater(place: string, one: Helped): void {
    one.idle?.cancel();
    if (one.isOver) return;
    one.idle = ports.clock.after(limits.elasticIdleMs, () => {
      if (one.waiting === 0) end(place, one.self).catch((error: unknown) => ports.trace.note("warn", `${place}: ${toHolonError(error).message}`));
    });
  }

  async function open(found: StandIn): Promise<Helped> {
    return { key: found.key, stoodIn: await found.open(), inTurn: createTurns(), waiting: 0, idle: undefined, isOver: false, self: undefined };
  }

  async function helpedWith({ unit, key, classes }: HelpAsk, from: NodeName): Promise<Helped> {
    const place = placeOf({ unit, classes });
    const found = await standIn(unit);
    const kept = await helped.get(place)?.catch(() => undefined);
    if (kept !== undefined && kept.key !== found?.key) await end(place, kept.self); // of a version that is not here any more
    if (found === undefined || found.key !== key) throw new HolonError("HOLON_CALL_UNKNOWN", `${self} does not have function ${unit} in that version`);
    // What came of the events goes back as what they were.
    if (!(await lending.may(found.lent, classes))) throw new HolonError("HOLON_POLICY_DENIED", `what function ${unit} makes of ${classes.join(", ")} may not leave ${self} for ${from}`);
    if (found.isBehind()) throw busy(`${self} has more waiting for function ${unit} itself than it gets through`);
    // Others ask as well, and find what one of them began.
    for (let before = helped.get(place); before !== undefined; before = helped.get(place)) {
      if ((await before.catch(() => undefined))?.key === key) return before;
      await end(place, before);
    }
    const why = closed ? "it is being closed" : helped.size >= limits.elasticHelpedMax ? `it helps with ${helped.size} functions` : full(found.memoryBytes);
    if (why !== undefined) throw busy(`${self} has no room for function ${unit}: ${why}`);
    const opening = open(found);
    helped.set(place, opening);
    opening.then((one) => (one.self = opening), () => void (helped.get(place) === opening && helped.delete(place)));
    return opening;
  }

  /** The asker knows of its events alone what came of them was made of. */
  async function handled({ instance, born, beside }: StoodIn, { unit, classes, events }: HelpAsk): Promise<UnitResult> {
    born.take(classes);
    const result = await instance.handle(events.map(toUnitEvent));
    const over = [...beside].find((own) => classes.every((asked) => isLowered(own, asked)));
    if (over !== undefined) throw new HolonError("HOLON_POLICY_DENIED", `function ${unit} was handed what is ${over} on ${self}, where it was asked about ${classes.join(", ")}`);
    const { calls: _, ...answered } = result; // an asker of before takes no such word
    return answered;
  }

  async function help(ask: HelpAsk, from: NodeName): Promise<unknown> {
    const one = await helpedWith(ask, from);
    if (closed || one.isOver || one.waiting >= limits.elasticWaitingMax) throw busy(`${self} has ${one.waiting} pieces of function ${ask.unit} waiting`);
    one.waiting += 1;
    try {
      const { usage, fitted: _, shared: __, ...result } = requireStateless(ask.unit, await one.inTurn(() => handled(one.stoodIn, ask)));
      const row = counts.get(`${ask.unit} ${from}`) ?? { unit: ask.unit, for: from, events: 0 };
      counts.set(`${ask.unit} ${from}`, row);
      row.events += ask.events.length;
      return { result: JSON.stringify(result), ...usage };
    } finally {
      one.waiting -= 1;
      idleLater(placeOf(ask), one);
    }
  }

  handlers.set(helpMethod, async (parameters, from) => {
    if (!siblings.includes(from)) throw new HolonError("HOLON_SIBLING_UNKNOWN", `${from} is no enrolled member of the site of ${self}`);
    return help(helpAskSchema.parse(parameters), from);
  });

  return {
    status: () => [...counts.values()].map((row) => ({ ...row })),
    async close() {
      closed = true;
      for (const place of [...helped.keys()]) await end(place);
    },
  };
}

const placeOf = ({ unit, classes }: Pick<HelpAsk, "unit" | "classes">): string => `${unit} ${classes.reduce(moreSensitive)}`;
const toUnitEvent = ({ subject, traceparent, span, data, ...event }: HelpAsk["events"][number]): UnitEvent => ({ ...event, data, subject, ...(traceparent === undefined ? {} : { traceparent }), ...(span === undefined ? {} : { span }) });
const busy = (message: string): HolonError => new HolonError("HOLON_CALL_BUSY", message, { next: "Its sibling does the piece itself." });
