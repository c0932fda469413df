/** What leads of sites decided while they were cut off, as control hears of it afterwards: whether it was theirs to decide, and how it is told in an explanation. */
import { limits } from "@holon/core/limits.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import { overlaySchema, type Overlay } from "@holon/core/schema/delegation.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import type { ControlState } from "../store/fold.ts";

export interface KnownOverlay extends Overlay {
  /** By the lead's clock. */
  readonly at: string;
}

/** Keeps it by site, in the order of terms; `unfit` where the lead says what is not its to say. */
export function overlayTold(state: Pick<ControlState, "nodes" | "apps" | "delegated" | "overlays">, origin: string, event: StoredEvent): false | "unfit" {
  const told = overlaySchema.safeParse(event.data);
  if (!told.success) return "unfit";
  const { site, lead, units, back } = told.data;
  // Whose news has not been read yet, or is on its way, is not said to be elsewhere.
  const isOfSite = (node: string): boolean => (state.nodes.get(node)?.site ?? site) === site;
  if (lead !== origin || !isOfSite(origin)) return "unfit";
  // What was left to sites once, or is of an app that is not here, is no lie: it may have been decided before the last deployment.
  const isTheirs = (unit: string): boolean => state.delegated.has(unit) || !state.apps.has(unit.split("/")[0] ?? "");
  if (![...units.map(({ unit }) => unit), ...back].every(isTheirs) || !units.every(({ node }) => node === null || isOfSite(node))) return "unfit";
  const rows = [...(state.overlays.get(site) ?? []), { ...told.data, at: event.time }];
  rows.sort((a, b) => a.term - b.term || a.sequence - b.sequence);
  state.overlays.set(site, rows.slice(-limits.overlaysRemembered));
  return false;
}

/** With what a lead decided on the unit last, if one ever did. It is over when a lead says that all that stands otherwise is something else, or another one leads. */
export function withOverlay(explanation: Explanation, { overlays, leads }: Pick<ControlState, "overlays" | "leads">, unit: string, node: string): Explanation {
  const rowIn = (one: KnownOverlay) => one.units.find((row) => row.unit === unit);
  const begun = [...overlays.values()].flat().findLast((one) => rowIn(one) !== undefined);
  const row = begun && rowIn(begun);
  if (begun === undefined || row === undefined) return explanation;
  const ended = overlays.get(begun.site)?.find((one) => one.term > begun.term || (one.term === begun.term && one.sequence > begun.sequence));
  const newest = leads.get(begun.site);
  const isLedOn = (newest?.term ?? 0) <= begun.term;
  const where = row.node === null ? `ended it` : `ran it on ${row.node} in place of ${row.home}`;
  const until = ended !== undefined ? ` to ${ended.at}` : isLedOn ? "" : `, until another one led, by ${newest?.at ?? "now"} at the latest`;
  const isOver = ended !== undefined || !isLedOn;
  const because = row.because.replace(/\.$/, "");
  const text = `${begun.lead}, which led site ${begun.site} in term ${begun.term} while control was not heard, ${where} from ${begun.at}${until}: ${isOver ? `what it gave as its reasons was true then: "${because}"` : because}.`;
  const isInForce = !isOver && row.node === node;
  return isInForce ? { verdict: "chosen", reason: "lead", text: `${text} By the plan: ${explanation.text}` } : { ...explanation, text: `${explanation.text} ${text}` };
}
