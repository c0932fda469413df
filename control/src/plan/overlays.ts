/** What leads of sites decided while they were cut off, as control hears of it afterwards: whether it was theirs to decide, and how it is told in an explanation. */
import { limits } from "@holon/core/limits.ts";
import type { Explanation } from "@holon/core/placement/explain.ts";
import { overlaySchema, type Overlay } from "@holon/core/schema/delegation.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import type { ControlState } from "../store/fold.ts";
import { isDelegatedIn } from "./delegation.ts";

export interface KnownOverlay extends Overlay {
  /** By the lead's clock. */
  readonly at: string;
}

/** Keeps it by site, in the order of terms; `unfit` where the lead says what is not its to say. */
export function overlayTold(state: Pick<ControlState, "nodes" | "apps" | "overlays">, origin: string, event: StoredEvent): false | "unfit" {
  const told = overlaySchema.safeParse(event.data);
  if (!told.success) return "unfit";
  const { site, lead, units, back } = told.data;
  const isOfSite = (node: string): boolean => state.nodes.get(node)?.site === site;
  if (lead !== origin || !isOfSite(origin)) return "unfit";
  const documents = [...state.apps.values()].map(({ document }) => document);
  // An app that was removed meanwhile delegates nothing any more, and is no lie.
  const isTheirs = (unit: string): boolean => isDelegatedIn(documents, unit) || !state.apps.has(unit.split("/")[0] ?? "");
  if (![...units.map(({ unit }) => unit), ...back].every(isTheirs) || !units.every(({ node }) => node === null || isOfSite(node))) return "unfit";
  const rows = [...(state.overlays.get(site) ?? []), { ...told.data, at: event.time }];
  rows.sort((a, b) => a.term - b.term || a.sequence - b.sequence);
  state.overlays.set(site, rows.slice(-limits.overlaysRemembered));
  return false;
}

/** With what a lead decided on the unit last, if one ever did. */
export function withOverlay(explanation: Explanation, { overlays }: Pick<ControlState, "overlays">, unit: string, node: string): Explanation {
  const told = [...overlays.values()].flat().filter((one) => one.units.some((row) => row.unit === unit) || one.back.includes(unit));
  const begun = told.findLast((one) => one.units.some((row) => row.unit === unit));
  const row = begun?.units.find((one) => one.unit === unit);
  if (begun === undefined || row === undefined) return explanation;
  const ended = told.find((one) => one.back.includes(unit) && (one.term > begun.term || (one.term === begun.term && one.sequence > begun.sequence)));
  const where = row.node === null ? `ended it` : `ran it on ${row.node} in place of ${row.home}`;
  const text = `${begun.lead}, which led site ${begun.site} in term ${begun.term} while control was not heard, ${where} from ${begun.at}${ended === undefined ? "" : ` to ${ended.at}`}: ${row.because.replace(/\.$/, "")}.`;
  const isInForce = ended === undefined && row.node === node;
  return isInForce ? { verdict: "chosen", reason: "lead", text: `${text} By the plan: ${explanation.text}` } : { ...explanation, text: `${explanation.text} ${text}` };
}
