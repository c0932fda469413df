/** Events of this node as they may be seen from far away: what is in them only where the policy lets their class go anywhere, of the rest that they are there. */
import type { ToldEvent } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { withoutForeignWords, type Redactor } from "@holon/core/diagnosis/redact.ts";
import type { Log, RecordQuery } from "@holon/core/log/log.ts";
import { routeOfPeople, sealedOfPeople } from "@holon/core/event/of-people.ts";
import { parseTransform } from "@holon/core/policy/transform.ts";
import type { DataClass, Event, StreamName } from "@holon/core/schema/event.ts";
import { z } from "zod";
import type { PolicyInForce } from "../policy/in-force.ts";

export interface TailQuery extends Omit<RecordQuery, "accepts"> {
  readonly stream?: StreamName | undefined;
}

export async function tellEvents(log: Log, policy: PolicyInForce, redactor: Redactor, { stream, ...query }: TailQuery): Promise<readonly ToldEvent[]> {
  const found = await log.find({ ...query, asArrived: true, accepts: (lane) => lane.origin === log.origin && (stream === undefined || lane.stream === stream) });
  const told: ToldEvent[] = [];
  let bytes = 0;
  for (const { event, record } of found.toReversed()) {
    const one = tellEvent(event, record.stream, whyWithheld(event, record.stream, log, policy) ?? ofPeople(event), redactor);
    bytes += JSON.stringify(one).length;
    if (bytes > diagnosisBounds.answerBytesMax && told.length > 0) break;
    told.push(one);
  }
  return told.reverse();
}

/** Nobody knows here on which way it goes up, nor who reads it there: so it goes only where it might go anywhere. */
function whyWithheld(event: Event, stream: StreamName, log: Log, { own }: PolicyInForce): string | undefined {
  if (isClosed(event.class)) return `${event.class} never leaves its node`;
  if (stream === "local") return "what stands in local stays";
  const through = event.through === undefined ? undefined : parseTransform(event.through);
  const decision = own.decide({ kind: "node", name: log.origin }, "leave", { name: stream, class: event.class, jurisdiction: event.jurisdiction }, { through });
  return decision.allow ? undefined : `it is told only where the policy lets it go anywhere: ${decision.reason}`;
}

/** Of a time when it stood in the clear. */
const ofPeople = (event: Event): string | undefined => (routeOfPeople(event) !== undefined && sealedOfPeople(event.data) === undefined ? "it tells of people, and is told where they are known" : undefined);

const isClosed = (own: DataClass): boolean => own === "raw" || own === "personal";
const problemSchema = z.looseObject({ code: z.string(), message: z.string() });

function tellEvent({ id, type, class: own, recordedtime, time, clock, subject, data }: Event, stream: StreamName, withheld: string | undefined, redactor: Redactor): ToldEvent {
  const about = { id, type, class: own, stream, recordedtime, time, clock };
  if (withheld !== undefined) return { ...about, withheld };
  const problem = problemSchema.safeParse(data);
  // What tells of a failure may say it in the words of what failed.
  const said = problem.success ? { ...problem.data, message: withoutForeignWords(problem.data.message, problem.data.code) } : data;
  const shown = redactor.value(said);
  const tooLong = JSON.stringify(shown ?? null).length > diagnosisBounds.answerBytesMax / 2;
  return { ...about, ...(subject === undefined ? {} : { subject: redactor.text(subject) }), ...(tooLong ? { withheld: "too long to be told so" } : { data: shown ?? null }) };
}
