/** A function that is elastic, on the node that has its events: how many siblings help, and what they have done. */
import { alone, pieces, scaled, type Scale } from "@holon/core/elastic/scale.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, UnitEvent, UnitInstance, UnitResult } from "@holon/core/ports.ts";
import { smoothed } from "@holon/core/run/replicas.ts";
import type { Elastic } from "@holon/core/schema/elastic.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { UnitKind } from "../run/unit-kind.ts";
import { requireStateless, together, workTogether, type Interruption } from "./batch.ts";
import type { Lending, Lent } from "./lending.ts";

export interface ElasticStatus {
  /** Siblings that are to help now; none: the node does it alone. */
  readonly siblings: number;
  /** Those that did, since the unit was started, and how many events each. */
  readonly helped: Readonly<Record<string, number>>;
  /** Events that a sibling had for too long, or gave back, and that were done here. */
  readonly again: number;
  /** What this node alone would take for what waits, as known last. */
  readonly waitMs: number;
  /** Why nobody is asked, where more is waiting than there should be. */
  readonly because?: string;
}

export interface ElasticOptions {
  readonly lent: Lent;
  readonly elastic: Elastic;
  readonly clock: Clock;
  readonly lending: Lending;
  /** Whether it has state from a time when it was not elastic. */
  hasState(): boolean;
  /** How many help has changed. */
  changed(siblings: number, waiting: number): void;
  /** Parts that a test may put a bug in. */
  readonly rules?: ElasticRules | undefined;
}

export interface ElasticRules {
  readonly workTogether?: typeof workTogether;
}

export interface ElasticUnit {
  kind(own: UnitKind): UnitKind;
  /** Events wait for longer than they may, with all the help there is. */
  isBehind(): boolean;
}

export function createElasticUnit({ lent, elastic, clock, lending, hasState, changed, rules }: ElasticOptions): ElasticUnit {
  const unit = `${lent.app.name}/${lent.fn}`;
  const helped = new Map<string, number>();
  let scale: Scale = alone;
  let again = 0;
  let eventMs: number | undefined;
  /** Of the records that wait, those that are for this function. */
  let share: number | undefined;
  let records = (): number => 0;
  let classes: readonly DataClass[] = [];
  let because: string | undefined;
  let timer: Timer | undefined;
  const interruption: Interruption = { isOver: false };
  /** How many help, as it was told last; another number since when. */
  let told = 0;
  let newsMs: number | undefined;

  const waiting = (): number => Math.round(records() * (share ?? 1));
  const waitMs = (): number => waiting() * (eventMs ?? 0);

  function rescale(siblingsMax: number): number {
    scale = scaled(scale, { waitMs: waitMs(), withinMs: elastic.withinMs, siblingsMax: Math.min(siblingsMax, elastic.siblingsMax ?? limits.siteMembersMax), nowMs: clock.monotonicMs() });
    tell();
    return scale.siblings;
  }

  /** Who rests is back soon: what is told has stood for a while. */
  function tell(): void {
    if (scale.siblings === told) return void (newsMs = undefined);
    newsMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - newsMs < limits.elasticCalmMs) return;
    told = scale.siblings;
    newsMs = undefined;
    changed(told, waiting());
  }

  /** Siblings are let go of when nothing comes any more, too. */
  function lookLater(): void {
    timer?.cancel();
    if (scale.siblings === 0 && told === 0) return;
    timer = clock.after(limits.elasticCalmMs, () => {
      rescale(scale.siblings);
      lookLater();
    });
  }

  /** Who helps with the next batch, in the order in which they are asked. */
  async function helpers(): Promise<readonly NodeName[]> {
    because = undefined;
    if (waitMs() <= elastic.withinMs && scale.siblings === 0) return [];
    const near = lending.candidates(lent);
    if (near.length === 0) because = "no sibling is reached that has room for it";
    else if (hasState()) because = "it holds state from before it was elastic";
    else if (classes.length === 0) because = "it is handed again what failed before";
    else if (!(await lending.may(lent, classes))) because = `what is ${classes.join(", ")} may not go to siblings`;
    return near.slice(0, rescale(because === undefined ? near.length : 0));
  }

  async function timed(own: UnitInstance, events: readonly UnitEvent[]): Promise<UnitResult> {
    const startedMs = clock.monotonicMs();
    const result = requireStateless(unit, await own.handle(events));
    eventMs = smoothed(eventMs, (clock.monotonicMs() - startedMs) / events.length);
    return result;
  }

  /** Of the first events of all it is seen what one takes; the rest is cut by that. */
  async function handle(own: UnitInstance, events: readonly UnitEvent[]): Promise<UnitResult> {
    const of = classes;
    const first = eventMs === undefined ? Math.min(limits.elasticFirstEvents, events.length) : 0;
    const begun = first === 0 ? [] : [{ from: 0, result: await timed(own, events.slice(0, first)) }];
    const rest = events.slice(first);
    const who = rest.length === 0 ? [] : await helpers();
    const parts = pieces(rest.length, eventMs ?? 0, 1 + who.length);
    const result = await (rules?.workTogether ?? workTogether)(rest, parts, {
      unit, clock, eventMs: eventMs ?? 0, interruption,
      siblings: parts.length < 2 ? [] : who.map((name) => ({ name, fits: lending.fits, handle: (piece) => lending.ask(name, lent, of, piece) })),
      here: (piece) => timed(own, piece),
      done(by, count) {
        if (by === undefined) again += count;
        else helped.set(by, (helped.get(by) ?? 0) + count);
      },
    });
    classes = [];
    lookLater();
    return begun.length === 0 ? result : together(unit, [...begun, { from: first, result }]);
  }

  return {
    isBehind: () => waitMs() > elastic.withinMs,
    kind: (own) => ({
      ...own,
      async open(settled, born) {
        const opened = await own.open(settled, born);
        return { ...opened, instance: { handle: (events) => handle(opened.instance, events), stop: () => (timer?.cancel(), opened.instance.stop()) } };
      },
      interrupt() {
        interruption.isOver = true;
        interruption.wake?.();
        own.interrupt?.();
      },
      next(input) {
        if (input.records > 0) share = smoothed(share, input.events / input.records);
        records = input.lag;
        classes = input.classes;
      },
      elastic() {
        return { siblings: scale.siblings, helped: Object.fromEntries(helped), again, waitMs: Math.round(waitMs()), ...(because === undefined || waitMs() <= elastic.withinMs ? {} : { because }) };
      },
    }),
  };
}
