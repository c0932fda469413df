/** Bounds of what is asked of a node from far away, with what happens at the bound. Sizes in bytes, times in milliseconds. */
export const diagnosisBounds = {
  /** Lines of its log that a node keeps in memory, and characters of one. At the bounds: the oldest goes, the line is cut. */
  linesMax: 2_000,
  lineCharactersMax: 1_000,
  /** Events in one answer. */
  eventsMax: 200,
  /** Lines in one second. At the bound: the rest is left out, and the next line says how many. */
  linesPerSecondMax: 50,
  /** One of the two files in which lines outlive the node. At the bound: the other one begins anew. */
  linesFileBytesMax: 512 << 10,
  /** Secrets of one life that are looked for, those that are no more included. At the bound: the oldest of these is forgotten. */
  secretsMax: 1_024,
  /** Lines wait so long for the disk: what a crash may take with it. */
  linesFlushMs: 1_000,
  /** One answer: what an alarm may find before it on a slow line. */
  answerBytesMax: 16 << 10,
  /** Bytes on their way to whom stands above beyond which an answer waits, how often it looks, and how long it waits at all. At the bound: the caller asks again. */
  queuedBytesMax: 16 << 10,
  paceLookMs: 100,
  /** A question for more waits so long at the node for something to tell. */
  followWaitMs: 15_000,
  askMs: 30_000,
  /** Who looks at one node at a time. At the bound: `HOLON_CALL_BUSY`. */
  sessionsMax: 16,
  sessionIdleMs: 120_000,
  /** Result of one request. At the bound: it is cut, and says so. */
  resultBytesMax: 1 << 20,
  /** Results that a node keeps until whoever asked has them, and requests that it remembers not to do again. At the bounds: `HOLON_DIAGNOSIS_FULL`; the oldest is forgotten. */
  keptMax: 16,
  rememberedMax: 1_024,
  /** Requests that wait at one node that asks, of all and for one node; those that are done and still shown. At the bounds: `HOLON_DIAGNOSIS_FULL`; the oldest goes. */
  waitingMax: 1_024,
  waitingOfNodeMax: 16,
  doneMax: 128,
  /** How long a request may wait for its node, unless whoever asks says otherwise, and what they may say. */
  expiryMs: 7 * 86_400_000,
  expiryMsMax: 90 * 86_400_000,
  /** A node that is away is tried again after this, doubling up to the next: a call that ends at the first link that is down. What comes of it is a sign that it is back. */
  tryMs: 5_000,
  tryMsMax: 300_000,
  profileSecondsMax: 60,
  /** One declared command: time, output, characters of an argument; commands that a configuration may declare. */
  commandMs: 30_000,
  commandMsMax: 300_000,
  commandOutputBytesMax: 256 << 10,
  commandArgumentMax: 256,
  commandsMax: 64,
  /** A shell: at most one at a time, and so long in all, and without input; one input, and output that waits to be read. At the bound of output: the shell waits. */
  shellMs: 1_800_000,
  shellIdleMs: 300_000,
  shellInputBytesMax: 4 << 10,
  shellOutputBytesMax: 64 << 10,
  /** So long behind the end of a shell what it left behind may hold its output. At the bound: that is ended. */
  shellLeftMs: 500,
  /** What was typed and not read yet. At the bound: the shell ends. */
  shellWaitingBytesMax: 64 << 10,
  /** What both have signed holds so long. */
  shellGrantMs: 900_000,
} as const;
