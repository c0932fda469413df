/** What a receiver is sent: a line and a text for people, JSON for programs. */
import { endedText } from "@holon/core/alert/ended-text.ts";
import type { ToldState } from "@holon/core/alert/incident.ts";
import type { NotifierMessage } from "@holon/core/ports.ts";
import type { Alert } from "@holon/core/telemetry/alert.ts";

export interface MessageOf {
  readonly key: string;
  readonly route: string;
  readonly node: string;
  readonly items: readonly { readonly alert: Alert; readonly state: ToldState; /** It was told before, and calls somebody by now. */ readonly hasRisen?: true | undefined }[];
}

const subjectMax = 200;

export function messageOf({ key, route, node, items }: MessageOf): NotifierMessage {
  const [first] = items;
  const state = first?.state ?? "firing";
  const alerts = items.map(({ alert, state: of, hasRisen }) => ({ ...alert, state: of, message: said({ alert, state: of }), key: `${alert.id}#${of}${hasRisen === true ? "#page" : ""}` }));
  const about = first === undefined ? "" : said(first);
  const more = items.length < 2 ? "" : `, and ${items.length - 1} more${first?.alert.site === undefined ? "" : ` at ${first.alert.site}`}`;
  const subject = `${oneLine(`[${state === "resolved" ? "resolved" : (first?.alert.severity ?? "")}] ${about}`).slice(0, subjectMax - more.length)}${oneLine(more)}`;
  const lines = items.map(({ alert, state: of }) => `${of === "resolved" ? "over" : alert.severity}: ${oneLine(said({ alert, state: of }))}\n  ${of === "resolved" ? "" : `since ${alert.since}\n  `}${alert.id}`);
  return { key, subject, text: `${lines.join("\n\n")}\n\nTold by ${node}, route ${route}. See: holon alert list\n`, body: JSON.stringify({ key, route, node, state, alerts }) };
}

/** What is over may be told for the first time: it says of itself that it was. */
const said = ({ alert, state }: Pick<MessageOf["items"][number], "alert" | "state">): string => (state === "resolved" ? endedText(alert) : alert.message);

/** Subjects of devices stand in it: no line of theirs becomes one of the message. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ");
