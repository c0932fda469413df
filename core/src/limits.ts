/** Every bound of Holon, with what happens at the bound. Sizes in bytes, times in milliseconds. */
export const limits = {
  /** One record. At the bound: `HOLON_RECORD_TOO_LARGE`, the append is refused. */
  recordBytesMax: 1 << 20,
  /** One group commit. At the bound: the rest waits for the next commit. */
  batchBytesMax: 4 << 20,
  /** Appends waiting for a commit. At the bound: `append` waits before it takes more (back-pressure to doors). */
  appendPendingBytesMax: 16 << 20,
  /** One segment file. At the bound: the next segment begins. */
  segmentBytesMax: 64 << 20,
  /** Committed batches kept in memory for readers that are nearly up to date. At the bound: the oldest is let go, readers use the disk. */
  tailBytesMax: 8 << 20,
  /** All cells of a node (state, positions, offsets). At the bound: `HOLON_STATE_TOO_LARGE`. */
  cellsBytesMax: 64 << 20,
  /** One frame on a link. At the bound: the sender splits, the receiver closes the connection. */
  frameBytesMax: 8 << 20,
  /** Bytes of records sent and not yet marked by the parent. At the bound: the sender waits. */
  linkInFlightBytesMax: 4 << 20,
  /** One frame of records, before compression. */
  linkBatchBytesMax: 1 << 20,
  /** One piece of a blob. */
  blobChunkBytes: 256 << 10,
  /** One blob. At the bound: refused at publishing. */
  blobBytesMax: 512 << 20,
  /** One call's request or answer. At the bound: refused. */
  callBytesMax: 1 << 20,
  /** Calls waiting for an answer on one link. At the bound: refused. */
  callsPendingMax: 256,
  /** First wait before a link is tried again; doubles up to the next bound, with full jitter. */
  reconnectFirstMs: 200,
  reconnectMaxMs: 30_000,
  /** Silence after which a peer is asked for a sign of life, and after which the link is closed. */
  linkPingMs: 5_000,
  linkSilenceMs: 15_000,
  /** Events handed to a function at once. */
  unitBatchMax: 256,
  /** First wait before a failed unit is started again; doubles up to the next bound. */
  unitRestartFirstMs: 100,
  unitRestartMaxMs: 60_000,
  /** One HTTP request body, except blobs. At the bound: 413. */
  httpBodyBytesMax: 4 << 20,
} as const;
