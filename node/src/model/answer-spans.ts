/**
 * The step in which this node answers for a model that another one asked: of a question that carries a followed trace, within the asker's step, so that the trace does not end at the node that asked. Bounded like
 * other spans: what is over is counted, and told with the next.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Random } from "@holon/core/ports.ts";
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";
import { createSpanRoom, newSpanId, spanRecord } from "../telemetry/spans.ts";

export interface AnswerSpans {
  /** Answers by `answer`, which is told what goes on from here with what it asks further. */
  around<T>(question: { /** `app/model` */ readonly model: string; readonly from: string; readonly traceparent: string | undefined }, answer: (traceparent?: string) => Promise<T>): Promise<T>;
}

export interface AnswerSpansOptions {
  readonly self: string;
  readonly events: Pick<Events, "record">;
  readonly clock: Pick<Clock, "wall" | "monotonicMs">;
  readonly random: Random;
  append(records: readonly NewRecord[]): void;
}

export function createAnswerSpans({ self, events, clock, random, append }: AnswerSpansOptions): AnswerSpans {
  const room = createSpanRoom(limits.traceHopsPerSecond, clock);
  return {
    async around({ model, from, traceparent }, answer) {
      const asking = parseTraceparent(traceparent);
      if (asking?.sampled !== true) return answer();
      if (!room.take()) return answer(printTraceparent(asking)); // who is asked further stands in the asker's step
      const span = { traceId: asking.traceId, spanId: newSpanId(random), sampled: true };
      const startMs = clock.wall().ms;
      const beganMs = clock.monotonicMs();
      const [app = "", name = ""] = model.split("/");
      const tell = (failed?: unknown): void => {
        const dropped = room.dropped();
        const attributes = { "service.name": app, "service.instance.id": self, [spanNames.model]: name, [spanNames.askedBy]: from, ...(dropped === 0 ? {} : { [spanNames.dropped]: dropped }) };
        append([spanRecord(events, "model", { span, parent: asking.spanId, name: `model ${name}`, kind: "SERVER", startMs, endMs: startMs + clock.monotonicMs() - beganMs, attributes, failed: failed instanceof HolonError ? failed : undefined })]);
      };
      try {
        const answered = await answer(printTraceparent(span));
        tell();
        return answered;
      } catch (error) {
        tell(error);
        throw error;
      }
    },
  };
}
