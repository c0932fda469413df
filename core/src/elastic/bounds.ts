/** Bounds of functions whose events siblings help with. */
export const elasticBounds = {
  /** So long an elastic function's queue may take its node before siblings help, unless the app says otherwise. */
  elasticWithinMs: 2_000,
  /** So long fewer siblings would have done before one of them is let go of. */
  elasticCalmMs: 10_000,
  /** Work of one call to a sibling, about; with less in a whole batch nobody is asked, since the way would take longer. */
  elasticPieceMs: 100,
  /** Events handed over before it is known what one takes. */
  elasticFirstEvents: 8,
  /** Events of one call, as JSON. At the bound: the piece is done here. */
  elasticPieceBytesMax: 256 << 10,
  /** A sibling has three times what the piece would take here, and this; then it is done here too, and the first result counts. */
  elasticGraceMs: 500,
  /** What a sibling has to answer in, beyond the time of the function itself. At the bound: it rests. */
  elasticAnswerMs: 5_000,
  /** Calls of siblings that wait for one function here. At the bound: `HOLON_CALL_BUSY`. */
  elasticWaitingMax: 2,
  /** Functions of siblings that have a sandbox here. At the bound: `HOLON_CALL_BUSY`. */
  elasticHelpedMax: 8,
  /** Without a call for so long, its sandbox here is let go of. */
  elasticIdleMs: 30_000,
  /** So long a sibling that has no room, or does not know the function, is not asked again. */
  elasticRestMs: 5_000,
  /** Each time that it says so again it rests for twice as long, up to this. */
  elasticRestMsMax: 300_000,
} as const;
