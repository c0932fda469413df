/**
 * The way of events through functions, as OpenTelemetry tells it: an event that carries a trace is handled in a span of its own, the models that it asks are spans within that, and what is emitted for it
 * carries the function's span on. Whether a trace is followed was decided where it began: at the device, at the door, or here for what no door decides on. Where the app declares `tracing`, what raises an alarm or fails is kept all the same.
 * What is written is bounded: spans over the bound are counted, and told with the next one.
 *
 *     event (traceparent: trace, span A) ─▶ function, span B, parent A ─▶ output (traceparent: trace, span B) ─▶ …
 *                                              └─▶ model, span C, parent B
 */
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import type { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Random, UnitCall, UnitEvent, UnitOutput, UnitSpan } from "@holon/core/ports.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";
import { createSpanRoom, newSpanId, newTraceId, spanRecord } from "../telemetry/spans.ts";
import { createKeptSteps } from "./kept-steps.ts";

/** One batch. */
export interface Traced {
  readonly events: readonly UnitEvent[];
  /** Told of what was emitted as alarm, before what it carries is asked for. */
  alarmed(outputs: readonly UnitOutput[]): void;
  /** What an output that this event of the batch caused carries on. */
  carried(cause: number): string | undefined;
  /** To be stored with what the batch gave, once. */
  spans(failed: HolonError | undefined, calls: readonly UnitCall[]): readonly NewRecord[];
}

export interface Tracer {
  /** `caused`: those of the events, by id, that others led to; whether they are followed was decided with these. */
  begin(events: readonly UnitEvent[], caused?: ReadonlySet<string>): Traced;
}

/** What triggers a function, in the words of OpenTelemetry's conventions for functions. */
export type TraceTrigger = "datasource" | "http" | "pubsub" | "timer";

export interface TracerOptions {
  readonly app: Pick<AppDocument, "name" | "tracing" | "sources">;
  readonly fn: string;
  readonly node: string;
  readonly trigger: TraceTrigger;
  /** The span in which an event came here over a link, where there is one. */
  hopOf?(event: Pick<UnitEvent, "id">): string | undefined;
  /** Models that it may ask, and nodes that answered for them: what a sandbox tells of others is its function's own word, and is left out. */
  readonly models: ReadonlySet<string>;
  readonly answerers: ReadonlySet<string>;
  /** Filled in here, for as long as a batch is at work. */
  readonly asking?: Asking | undefined;
  readonly isThinned?: ((traceId: string) => boolean) | undefined;
  readonly events: Pick<Events, "record">;
  readonly clock: Pick<Clock, "wall" | "monotonicMs">;
  readonly random: Random;
}

/** What a question to a model carries on. `cause`: place of the event in the batch, as the sandbox says. */
export interface Asking {
  of: ((model: string, cause: number | undefined) => string | undefined) | undefined;
}

interface Step {
  readonly index: number;
  readonly span: UnitSpan;
  readonly parent: string | undefined;
  /** The span that the event carries, where the parent is its way over a link: that one may have found no room. */
  readonly carried?: string | undefined;
  /** Why it is written, though no sampled trace led to it. */
  readonly kept?: "alarm" | "error";
  readonly isWritten: boolean;
}

export function createTracer({ app, fn, node, trigger, hopOf, models, answerers, asking = { of: undefined }, isThinned, events: made, clock, random }: TracerOptions): Tracer {
  const unit = `${app.name}/${fn}`;
  const { share = 0, spansPerSecondMax = limits.traceSpansPerSecond } = app.tracing ?? {};
  const room = createSpanRoom(spansPerSecondMax, clock);
  const kept = createKeptSteps();
  const keepsWhatMatters = app.tracing !== undefined;
  /** What these make was decided on at the door. */
  const doors = new Set(app.sources.filter(({ kind }) => kind !== "bulk").map(({ name }) => `/${app.name}/${name}`));
  const isDecided = ({ source }: UnitEvent): boolean => doors.has(source.slice(Math.max(0, source.indexOf("/", 1))));

  function stepOf(event: UnitEvent, index: number, caused: ReadonlySet<string> | undefined): Step | undefined {
    const parent = parseTraceparent(event.traceparent);
    if (parent === undefined) {
      const begins = share > 0 && caused?.has(event.id) !== true && !isDecided(event) && random.uniform() < share;
      if (!begins) return undefined;
      return { index, span: freshSpan(), parent: undefined, isWritten: room.take() };
    }
    if (!parent.sampled) return { index, span: parent, parent: undefined, isWritten: false }; // carried on as it came
    const hop = hopOf?.(event);
    return { index, span: { traceId: parent.traceId, spanId: newSpanId(random), sampled: true }, parent: hop ?? parent.spanId, carried: hop === undefined ? undefined : parent.spanId, isWritten: room.take() };
  }

  const waits = ({ span, kept: why }: { readonly span: UnitSpan; readonly kept?: Step["kept"] | undefined }): boolean => why === undefined && isThinned?.(span.traceId) === true;
  const freshSpan = (traceId = newTraceId(random)): UnitSpan => ({ traceId, spanId: newSpanId(random), sampled: true });

  return {
    begin(events, caused) {
      const steps = new Map<number, Step>();
      for (const [index, event] of events.entries()) {
        const step = stepOf(event, index, caused);
        if (step !== undefined) steps.set(index, step);
      }
      const startMs = clock.wall().ms;
      const beganMs = clock.monotonicMs();
      /** Ids of the steps in which models were asked, by step and model, in order: those who answer name them. */
      const askedIds = new Map<string, string[]>();
      const asked = (model: string, cause = events.length === 1 ? 0 : -1): string | undefined => {
        const step = steps.get(cause);
        if (step?.isWritten !== true || !models.has(model)) return undefined;
        const spanId = newSpanId(random);
        const key = `${step.index} ${model}`;
        const ids = askedIds.get(key) ?? [];
        if (ids.length < limits.traceCallsMax) askedIds.set(key, [...ids, spanId]);
        return printTraceparent({ traceId: step.span.traceId, spanId, sampled: true });
      };
      asking.of = steps.size === 0 ? undefined : asked;
      const withSpan = (event: UnitEvent, index: number): UnitEvent => {
        const span = steps.get(index)?.span;
        return span === undefined ? event : { ...event, span };
      };
      /** From here on it is followed: what led here was not. */
      const keep = (index: number, why: "alarm" | "error"): void => {
        const before = steps.get(index);
        if (!keepsWhatMatters) return;
        if (before?.span.sampled === true) return void (waits(before) && steps.set(index, { ...before, kept: why })); // it is followed, and need not wait
        if (!room.take()) return;
        steps.set(index, { index, span: freshSpan(before?.span.traceId), parent: before?.span.spanId, kept: why, isWritten: true });
      };
      return {
        events: steps.size === 0 ? events : events.map(withSpan),
        alarmed(outputs) {
          for (const { cause, type, subject, data } of outputs) {
            const step = steps.get(cause);
            if ((step?.span.sampled !== true || waits(step)) && kept.alarmed(type, subject, data, beganMs)) keep(cause, "alarm");
          }
        },
        carried(cause) {
          const span = steps.get(cause)?.span;
          return span === undefined ? undefined : printTraceparent(span);
        },
        spans(failed, calls) {
          asking.of = undefined;
          if (failed !== undefined && events.length > 0 && kept.failed(failed.code, beganMs)) keep(0, "error");
          const endMs = startMs + clock.monotonicMs() - beganMs;
          const told = { startMs, endMs, batch: events.length, failed, idOf: (index: number, model: string): string => askedIds.get(`${index} ${model}`)?.shift() ?? newSpanId(random) };
          const written = [...steps.values()].filter(({ isWritten }) => isWritten).sort((one, other) => one.index - other.index);
          return written.flatMap((step) => [functionSpan(step, events[step.index], told), ...calls.filter(({ cause, model }) => cause === step.index && models.has(model)).map((call) => modelSpan(step, call, told))]);
        },
      };
    },
  };

  interface Told {
    readonly startMs: number;
    readonly endMs: number;
    readonly batch: number;
    readonly failed: HolonError | undefined;
    /** Of the next step in which this event asked that model. */
    idOf(index: number, model: string): string;
  }

  function functionSpan({ span, parent, carried, kept: why }: Step, event: UnitEvent | undefined, { startMs, endMs, batch, failed }: Told): NewRecord {
    const mayWait = waits({ span, kept: why });
    const before = mayWait ? 0 : room.dropped();
    const attributes = {
      "service.name": app.name,
      "service.instance.id": node,
      "faas.name": unit,
      "faas.trigger": trigger,
      "cloudevents.event_id": event?.id,
      "cloudevents.event_type": event?.type,
      "holon.batch_events": batch,
      ...(carried === undefined ? {} : { [spanNames.event]: carried }),
      ...(why === undefined ? {} : { [spanNames.kept]: why }),
      ...(before === 0 ? {} : { [spanNames.dropped]: before }),
    };
    return spanRecord(made, unit, { span, parent, name: unit, kind: "CONSUMER", startMs, endMs, attributes, failed, waits: mayWait });
  }

  /** Its end is never behind the function's: an isolate's clock runs only while models do. */
  function modelSpan({ span, index, kept: why }: Step, { model, atMs, tookMs, by: said }: UnitCall, told: Told): NewRecord {
    const by = said !== undefined && answerers.has(said) ? said : undefined;
    const startMs = Math.max(told.startMs, Math.min(told.startMs + atMs, told.endMs - tookMs));
    const attributes = { "service.name": app.name, "service.instance.id": node, [spanNames.model]: model, ...(by === undefined ? {} : { [spanNames.answeredBy]: by }), "holon.batch_index": index };
    const isElsewhere = by !== undefined && by !== node;
    return spanRecord(made, unit, { span: { traceId: span.traceId, spanId: told.idOf(index, model) }, parent: span.spanId, name: `model ${model}`, kind: isElsewhere ? "CLIENT" : "INTERNAL", startMs, endMs: Math.min(told.endMs, startMs + tookMs), attributes, waits: waits({ span, kept: why }) });
  }
}
