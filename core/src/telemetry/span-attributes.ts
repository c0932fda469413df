/** What spans say beside OpenTelemetry's own names. */
export const spanNames = {
  /** Who sent it, and who took it in. */
  from: "holon.link.from",
  to: "holon.link.to",
  /** A moment: the link opened, for which it had waited. */
  opened: "holon.link.opened",
  /** Span that the event itself names: who comes behind it names this one where the link's own is not there. */
  event: "holon.event.span",
  /** Why it is kept though nobody asked for its trace. */
  kept: "holon.trace.kept",
  /** How many before it found no room. */
  dropped: "holon.spans_dropped",
  model: "holon.model.name",
  /** The node that asked it, of the step of the one that answers. */
  askedBy: "holon.model.asked_by",
  answeredBy: "holon.model.answered_by",
  source: "holon.source.name",
  sourceKind: "holon.source.kind",
} as const;
