// long file: every bound in one table, by design
import { elasticBounds } from "./elastic/bounds.ts";
import { imageBounds } from "./image/bounds.ts";

/** Every bound of Holon, with what happens at the bound. Sizes in bytes, times in milliseconds. */
export const limits = {
  ...imageBounds,
  ...elasticBounds,
  /** One record. At the bound: `HOLON_RECORD_TOO_LARGE`, the append is refused. */
  recordBytesMax: 1 << 20,
  /** One group commit. At the bound: the rest waits for the next commit. */
  batchBytesMax: 4 << 20,
  /** What records of one run share, written out for each. At the bound: the run is none that a node of ours writes, and counts as damaged. */
  runSharedBytesMax: 32 << 20,
  /** Appends waiting for a commit. At the bound: `append` waits before it takes more (back-pressure to doors). */
  appendPendingBytesMax: 16 << 20,
  /** How often a log is looked over for what it may let go of. */
  retentionEveryMs: 60_000,
  /** Freed at once when the disk is full, in the declared order of sacrifice; of a smaller log an eighth. At the bound: what is still missing is freed at the next look. */
  retentionFullBytes: 64 << 20,
  /** Kept aside so that a full disk leaves room to record what is let go of. */
  reserveBytes: 1 << 20,
  /** How long a source waits before it offers again what the full disk refused. */
  diskFullRetryMs: 1_000,
  /** Zeros written ahead of the log's end, at least and at most; between them as much as the batches of late need. */
  segmentAheadBytesMin: 16 << 10,
  segmentAheadBytesMax: 512 << 10,
  /** One segment file. At the bound: the next segment begins. */
  segmentBytesMax: 64 << 20,
  /** Sealed segments are read again and again, so that flipped bits are mended before a second one meets them: so many bytes, so often. */
  scrubStepBytes: 4 << 20,
  scrubEveryMs: 60_000,
  /** Measuring of a node's own files: so many at a time, a pause, and all of it so often. */
  measureSliceFiles: 32,
  measureSliceMs: 50,
  measureEveryMs: 3_600_000,
  /** While something is held back: how often it is measured whether that is still so, and how often somebody is looked for who adopted it. */
  measureHeldMs: 300_000,
  measureLookMs: 5_000,
  /** Control looks this often whose TPM is to be asked for a quote, asks each this often, one that gave none after a minute, and so many at once. Without one for so long a node is attested no more. */
  quoteLookMs: 15_000,
  quoteEveryMs: 3_600_000,
  quoteAgainMs: 60_000,
  quotesAtOnce: 8,
  quoteKeptMs: 6 * 3_600_000,
  /** A log that has been at rest for so long gets an empty batch, which names what the newest one held. */
  epilogueAfterMs: 5_000,
  /** After so many bytes a roll names the lanes that changed last, not those of the batch before alone; and how many lanes, beside those. */
  rollEveryBytes: 2 << 10,
  rollLanesMax: 16,
  /** Lanes of unknown end, and cells that may have gone back, in an alarm about damage. At the bound: the others stand in the node's status. */
  damageToldMax: 64,
  /** The index by time and type is made of what is written, off the path of writing: so many bytes are read at a time, and not more often. */
  surveyStepBytes: 128 << 10,
  surveyEveryMs: 20,
  /** The smallest size of a segment file that a configuration may name. */
  segmentBytesMin: 16 << 10,
  /** Committed batches kept in memory for readers that are nearly up to date. At the bound: the oldest is let go, readers use the disk. */
  tailBytesMax: 4 << 20,
  /** Of those that are older than this, so many bytes; who reads what is older still reads it from the disk. */
  tailMsMax: 2_000,
  tailBytesMin: 512 << 10,
  /** And so much more for each lane, up to that: where thousands of nodes tell at once, whoever reads what they told is not to be outrun by the next of them. */
  tailBytesPerLane: 2 << 10,
  tailBytesAllLanesMax: 48 << 20,
  /** All cells of a node (state, positions, offsets). At the bound: `HOLON_STATE_TOO_LARGE`. */
  cellsBytesMax: 64 << 20,
  /** One frame on a link. At the bound: the sender splits, the receiver closes the connection. */
  frameBytesMax: 8 << 20,
  /** Bytes of records sent and not yet marked by the parent, whatever the parent's credit. At the bound, which one run may go over: the sender waits. */
  linkInFlightBytesMax: 4 << 20,
  /** Credit of all children of a node together: record bytes that they may send and that are not on disk yet. At the bound: who asks waits. */
  linkCreditBytesMax: 32 << 20,
  /** The same for alarms alone, kept apart so that no backlog can take it. */
  linkAlarmCreditBytesMax: 4 << 20,
  /** Credit that a child is given unasked, at most; half of all credit is never given unasked. */
  linkCreditFirstBytes: 64 << 10,
  linkAlarmCreditFirstBytes: 4 << 10,
  /** What a child asks for at a time, where its next run is not larger: one turn. */
  linkTurnBytes: 256 << 10,
  /** Asked for beyond that, for the records that sending makes. What is not needed is returned. */
  linkBesideBytes: 2 << 10,
  /** What goes into the log for one child before it is the next one's turn, where a run is not larger. */
  linkIntakeTurnBytes: 64 << 10,
  /** A parent grants what is asked for only as far ahead as it gets onto its disk in that time: what waits at the child waits in order. */
  linkGrantAheadMs: 2_000,
  /** Children that wait for credit. At the bound: the one that came last is told to come back later. */
  linkWaitingMax: 4_096,
  /** Time after which a child that was told to come back later does so, before its jitter. */
  linkLaterFirstMs: 1_000,
  linkLaterMaxMs: 300_000,
  /** Ends of runs in one question for the common part of two histories. */
  historyPointsMax: 16,
  /** Branches of one stream of one origin. At the bound: further ones are refused, and held back by who has them. */
  branchesMax: 64,
  /** How often a lane is compared anew on one connection without getting on. At the bound: it is held back until the next. */
  laneAttemptsMax: 4,
  /** A lane that is behind the parent's and grows is compared anew after this time. */
  laneCompareMs: 500,
  /** Time in which an earlier connection of a node that connects again has to show that it is alive, and how many of one name may be. */
  linkTwinProbeMs: 5_000,
  linkTwinsMax: 4,
  /** Least budget of a link, bytes an hour: signs of life alone need about half of it. */
  linkBudgetBytesMin: 256 << 10,
  /** Children's runs handed to the log and not yet on disk; what waits behind them lets alarms pass. */
  linkIntakeBytesMax: 1 << 20,
  /** One frame of records, before compression. */
  linkBatchBytesMax: 1 << 20,
  /** One piece of a blob. */
  blobChunkBytes: 256 << 10,
  /** An open link that gives no answer to a wish for a blob is asked again after this, doubling up to the next; each time after so many, the link is made anew. */
  blobAnswerMs: 30_000,
  blobAnswerMaxMs: 600_000,
  blobAsksMax: 3,
  /** Blobs that one peer waits for here, and all of them together. At the bound: `HOLON_BLOB_BUSY`, and it asks again after `blobLaterMs`. */
  blobWantsOfPeerMax: 64,
  blobWantsMax: 4_096,
  blobLaterMs: 5_000,
  /** Bytes on their way to a peer beyond which no piece of a blob is added. At the bound: `HOLON_BLOB_BUSY`. */
  blobQueuedBytesMax: 1 << 20,
  /** One blob. At the bound: refused at publishing. */
  blobBytesMax: 512 << 20,
  /** A damaged blob up to this size is mended where one bit is wrong; a larger one is fetched again. */
  blobMendBytesMax: 16 << 20,
  /** Files of signed metadata of one repository that a desired document names. At the bound: the document does not fit. */
  signatureFilesMax: 512,
  /** Of one file of signed metadata, by node and control. At the bound: `HOLON_SIGNATURE_BAD`. */
  signatureFileBytesMax: 5 << 20,
  /** Versions by which a publisher's metadata may be ahead of those that control served before. At the bound: `HOLON_SIGNATURE_AHEAD`. */
  signatureVersionStepMax: 1_000_000,
  /** One call's request or answer. At the bound: refused. */
  callBytesMax: 1 << 20,
  /** Calls of this node that wait for an answer; calls of one peer that are being answered. At the bound: `HOLON_CALL_BUSY`. */
  callsPendingMax: 256,
  /** Children that a node lists when it is asked for its links. At the bound: the others are counted. */
  linksReportMax: 4_096,
  /** While somebody looks at the fleet: how often nodes are asked for their links, how many at once, up to which size of fleet all and not only those above others, how long each may take and how long the answer waits for them. */
  linksLookMs: 900,
  linksAskedAtOnce: 32,
  linksAskAllMax: 32,
  linksAskMs: 4_000,
  linksWaitMs: 250,
  /** How often what is shown of the fleet is made anew; up to which size of it bytes over each link are shown; how many rows a page of it has at most; how long one node may take to tell of itself. */
  fleetViewMs: 400,
  fleetFlowsMax: 500,
  fleetPageMax: 5_000,
  nodeStatusAskMs: 8_000,
  /** Quotes that are being made, one after the other, since a TPM is slow; at the bound: `HOLON_CALL_BUSY`. Nodes whose queues are added up at a time. */
  quotesWaitingMax: 4,
  scaleNodesRead: 1_000,
  /** Longest deadline of a call; a longer one is cut to this. */
  callDeadlineMsMax: 600_000,
  /** First wait before a link is tried again; doubles up to the next bound, with full jitter. */
  reconnectFirstMs: 200,
  reconnectMaxMs: 30_000,
  /** Silence after which a peer is asked for a sign of life, by a child and by a parent, and after which the link is closed. */
  linkPingMs: 15_000,
  linkParentPingMs: 30_000,
  linkSilenceMs: 45_000,
  /** Time for a connection to be made, TLS and names included. At the bound: it is closed. */
  handshakeMs: 10_000,
  /**
   * Connections to one listener that have not proved their name. At the bound: new ones are closed at once and come back later, each time after
   * a longer wait: too few, and a parent stands idle in the middle of a storm.
   */
  handshakesPendingMax: 256,
  /** Connections to one listener in all. At the bound: new ones are closed at once. */
  connectionsMax: 8_192,
  /** Pieces of one frame. At the bound: the connection is closed. Holon sends a frame in one piece. */
  frameFragmentsMax: 64,
  /** Events handed to a function at once. */
  unitBatchMax: 256,
  /** Functions of one app. At the bound: the manifest is refused. */
  appFunctionsMax: 1_024,
  /** Functions of one node that have a sandbox at the same time. At the bound: the idle one that is called last gives way; while all are at work, calls wait. */
  unitsWarmMax: 16,
  /** Who waits for the answer to a request waits so much longer than the function may take: for why there is none. */
  requestToldMs: 3_000,
  /** A call that takes so long makes its function a slow one: for each of those at work there is one more sandbox for the others, up to half as many. */
  unitSlowMs: 1_000,
  /** A function that is stopped has so long for what is at work; then it is ended, and what it was handed is handled when it is started again. */
  unitStopMs: 5_000,
  /** Times that an event is tried again before it is set aside, unless the app says otherwise. */
  unitRetriesMax: 5,
  /** Failed events of one function that are kept by reference. At the bound: the oldest can no longer be replayed; its record stays. */
  unitFailedMax: 1_024,
  /** Spans that a function writes in a second, unless its app says otherwise, and what an app may say. At the bound: counted, and told with the next. */
  traceSpansPerSecond: 10,
  traceSpansPerSecondMax: 1_000,
  /** Calls of models of one batch that become spans. At the bound: the rest is counted in the function's span. */
  traceCallsMax: 64,
  /** Spans of the way over a link that a node writes in a second. At the bound: counted, and told with the next. */
  traceHopsPerSecond: 20,
  /** How far back a trace is looked for, unless the caller says so, and its spans that are read and that an answer holds. At the bounds: the answer says since when, and how many are left out. */
  traceLookBackMs: 86_400_000,
  traceSpansReadMax: 5_000,
  traceStepsMax: 1_000,
  /** Of an alarm or an error that comes again and again, and that no sampled trace led to: a step is kept so often. The first after a quiet time always is. */
  traceKeptEveryMs: 60_000,
  /** Alarms and errors whose last kept step a function remembers. At the bound: the oldest is forgotten, and its next is kept again. */
  traceKeptMax: 1_024,
  /** Shortest secret, since it is looked for in what a function gives away, and longest, characters. At either bound: `HOLON_SECRETS_BAD`. */
  secretCharactersMin: 8,
  secretCharactersMax: 16 << 10,
  /** Metering is written so often; what was counted since the last time is lost with the power, and nothing else. */
  meterEveryMs: 60_000,
  /** First wait before a failed unit is started again; doubles up to the next bound. */
  unitRestartFirstMs: 100,
  unitRestartMaxMs: 60_000,
  /** A process of trusted functions that holds none for so long is ended. */
  workshopIdleMs: 60_000,
  /** Ends of a node without a stop, in a row and each within so long after its start, after which what ran each time does not start by itself. */
  nodeEndsMax: 8,
  nodeEndsForgetMs: 120_000,
  /** A unit that lacks the lease under which it runs looks so often whether there is one. */
  unitTenureLookMs: 500,
  /** The state of one function, keys and values, and what each key counts beside its text: so much it takes to hold and to store one. At the bound: `HOLON_STATE_TOO_LARGE`. */
  unitStateBytesMax: 8 << 20,
  unitStateKeyBytes: 128,
  /** One key of a function's state, characters. At the bound: `HOLON_STATE_TOO_LARGE`. */
  unitStateKeyMax: 512,
  /** One shared value or element, as JSON. At the bound: `HOLON_SHARED_FULL`. */
  sharedValueBytesMax: 16 << 10,
  /** One shared key with all its slots and elements, grown by this node's own changes. At the bound: `HOLON_SHARED_FULL`; what others did is merged. */
  sharedKeyBytesMax: 64 << 10,
  /** What a function does to shared state in one batch, each key or element once. At the bound: `HOLON_SHARED_FULL`. */
  sharedOperationsMax: 8_192,
  /** All that a node shares and holds for others, grown by its own changes, and by those of others. At the bound: `HOLON_SHARED_FULL`. */
  sharedOwnBytesMax: 4 << 20,
  sharedBytesMax: 16 << 20,
  /** Apps whose shared state a node asks for on behalf of nodes below. At the bound: those that were asked for first are forgotten. */
  sharedAppsMax: 256,
  /** Shared state in one call, where one key is not larger; calls of one exchange. At the second bound: the rest goes with the next. */
  sharedCallBytesMax: 256 << 10,
  sharedCallsMax: 64,
  /** Time for the answer, lines that need minutes for one frame included. */
  sharedCallMs: 300_000,
  /** A change goes to the parent this much later, together with those that follow it; without one the parent is asked this often. */
  sharedSoonMs: 500,
  sharedEveryMs: 60_000,
  /** How far a register may be ahead of a trusted clock before the next write begins a new era; writes that stamps can tell apart. */
  sharedAheadMsMax: 600_000,
  sharedCountMax: 2 ** 40,
  sharedErasMax: 2 ** 31,
  /** Events that a function emits in one batch, and their data as JSON. At the bound: the function fails. */
  unitOutputsMax: 8_192,
  unitOutputBytesMax: 8 << 20,
  /** A function's status line, characters. At the bound: cut. */
  unitStatusMax: 200,
  /** What a function prints while it handles one batch. At the bound: the rest is dropped, with a note. */
  unitTalkBytesMax: 16 << 10,
  /** Memory of one function's isolate, heap and buffers together, unless its app says otherwise, and what an app may say. At the bound: it ends. */
  unitMemoryBytes: 64 << 20,
  unitMemoryBytesMin: 16 << 20,
  unitMemoryBytesMax: 512 << 20,
  /** What a process of functions may take beyond what is counted of each, and what models have there; how often that is looked at while one is at work. At the bound: it ends, and the function with which it grew most is named. */
  processRoomBytes: 256 << 20,
  processMemoryLookMs: 50,
  /** Compiled WebAssembly modules that a warden keeps for the next start of their functions. At the bound: the oldest is let go of. */
  wasmModulesKept: 32,
  /** One of them, before it is compiled. At the bound: it is compiled again at each start. */
  wasmModuleKeptBytesMax: 4 << 20,
  /** Isolates that a warden keeps ready, so that a start does not wait for one; one, where there has been no start for so long. Each takes two megabytes. */
  isolatesSpare: 2,
  isolatesSpareMs: 60_000,
  /** Time for an isolate to end when told to, and for a warden to answer beyond a function's own time. At the bound: the warden is killed. */
  isolateEndMs: 500,
  wardenGraceMs: 2_000,
  /** Wardens for functions that brought one down, had to be stopped or failed twice in a row. At the bound: they share. */
  wardensApartMax: 3,
  /** Time for which one of them stays without a function. At the bound: it ends. */
  wardenApartIdleMs: 30_000,
  /** Batches without harm after which such a function goes back to the common one at its next start. */
  wardenTrustAfter: 1_000,
  /** Processor time that a worker may use between two batches, and not more than half of the time that passes; how often that, and its memory, is looked at. At the bound: it is ended. */
  workerRestWorkMs: 2_000,
  workerRestLookMs: 1_000,
  /** JavaScript heap of one function. At the bound: its worker ends. */
  unitHeapBytesMax: 128 << 20,
  /** Its part for what is new. At the bound: collected more often. Left to itself it takes 48 MB and keeps them. */
  unitYoungBytes: 6 << 20,
  /** Time for a function's worker to start. At the bound: `HOLON_UNIT_BAD`. */
  unitStartMs: 30_000,
  /** Values in one tensor of an inference. At the bound: `HOLON_MODEL_INPUT_BAD`. */
  tensorValuesMax: 4 << 20,
  /** Sessions of models on a node, about. At the bound: the one that was not used for longest is let go of, and made again when it is called. */
  modelSessionBytesMax: 512 << 20,
  /** What a model of a function may take, graph and time of one run, to be run on the thread that hands on calls and not on that of all models; and what all of those take there, about. At the bounds: the model worker runs it. */
  modelHereGraphBytesMax: 1 << 20,
  modelHereMsMax: 0.1,
  modelHereBytesMax: 16 << 20,
  /** Time for the model worker to end what it runs when it is closed. At the bound: it is ended in the midst of it. */
  modelEndMs: 10_000,
  /** Calls that wait for the model worker. At the bound: `HOLON_MODEL_BUSY`. */
  modelWaitingMax: 4_096,
  /** Calls that wait for the same model are run as one up to so many rows, and no more than it gets through in this time. */
  modelBatchRowsMax: 256,
  modelBatchMsMax: 10,
  /** Least bytes an hour that a cascade may ask with: a sixth of it is one question of some size. */
  cascadeBytesPerHourMin: 4 << 10,
  /** A question to a model that is passed on, and rows and values in one of a function. At the first bound: `HOLON_CALL_TIMEOUT`, at the others `HOLON_MODEL_INPUT_BAD`. */
  modelAnswerMs: 60_000,
  /** Siblings are asked this often whether they have a model that is asked about. Places and models of which that is known; at the bound all are asked anew. */
  modelHasMs: 60_000,
  modelPlacesMax: 1_024,
  decideRowsMax: 4_096,
  /** Rows of one window of a drift monitor. */
  driftWindowRowsMin: 50,
  driftWindowRowsMax: 65_536,
  /** Columns whose spread a drift monitor follows; of wider rows so many at even distances. Rows wider than the second are not watched. */
  driftColumnsMax: 64,
  /** Values of a column, evenly spread over its rows by size, by which a reference is kept. */
  driftValuesMax: 256,
  driftWidthMax: 4_096,
  /** Tensors in one blob of parameters, and its header in bytes. At the bound: `HOLON_BLOB_BAD`. */
  parameterTensorsMax: 1_024,
  parameterHeaderBytesMax: 1 << 20,
  /** Days over which the missed times of a schedule are counted. At the bound: no further. */
  scheduleMissedDaysMax: 400,
  /** Longest size, gap or lateness of a window. */
  windowSpanMsMax: 31 * 86_400_000,
  /** Windows that one event may belong to. At the bound: the definition is refused. */
  windowOverlapMax: 64,
  /** Events that wait in the windows of one subject, and events and their data as JSON in all windows of a function. At the bound: `HOLON_WINDOW_FULL`, the event is left out, told and counted. */
  windowSubjectEventsMax: 16_384,
  windowWaitingEventsMax: 131_072,
  windowWaitingBytesMax: 8 << 20,
  /** Subjects whose windows a function follows, and clocks of event time. At the bound: of the subjects with nothing left to run, or silent and run with what is known, the one furthest back is forgotten; if there is none, as above. */
  windowKeysMax: 4_096,
  windowClocksMax: 8_192,
  /** Windows handed to a function at once, and the data of their events. At the bound: the rest waits for the next batch. */
  windowBatchMax: 256,
  windowBatchBytesMax: 2 << 20,
  /** Counters behind the highest of a device that are remembered, and beginnings of its count. At the bound: the lowest, the oldest is forgotten. */
  counterRememberMax: 4_096,
  counterLivesMax: 4,
  /** Devices of one source whose counters are followed. At the bound: `HOLON_COUNTER_FULL`, readings of further devices pass unsifted and are counted. */
  counterDevicesMax: 2_048,
  /** One block of columns: rows, columns, values in all, and a column's name in bytes. At the bound: `HOLON_SERIES_BAD`. */
  seriesRowsMax: 65_536,
  seriesColumnsMax: 256,
  seriesValuesMax: 1 << 20,
  seriesNameBytesMax: 256,
  /** Rows of one block that a reduction gathers, its columns, and its values in all, so that it fits into a record. At the bound: another block begins. */
  reductionRowsMax: 4_096,
  reductionColumnsMax: 256,
  reductionBlockValuesMax: 65_536,
  /** State that one reduction holds of all subjects together, as JSON, about, and subjects. At either bound: what has been still for longest is closed. */
  reductionOpenBytesMax: 4 << 20,
  reductionSubjectsMax: 1_024,
  /** Length of a field's name. At the bound: the field is not looked at. */
  reductionFieldNameMax: 80,
  /** Fields of one reading, of those that a reduction takes. At the bound: the rest is not looked at. */
  reductionFieldsMax: 64,
  /** Subjects of one window to which noise is added. At the bound: the window is not told, since leaving out some would tell of the others. */
  reductionNoiseSubjectsMax: 8_192,
  /** Readings of a person of which an aggregate is told at the least, and of those beyond a quantile. With fewer nothing is lowered. */
  personalReadingsMin: 5,
  reductionReservoirMax: 1_024,
  reductionEnvelopeMax: 256,
  /** Counters of one sketch. At the bound: the lowest are merged. */
  reductionSketchBinsMax: 512,
  /** Longest time before or after an alert. */
  frameSpanMsMax: 3_600_000,
  /** Rows of one frame, and records of the log that are looked at on either side of the alert. At the bound: the frame is cut, and says so. */
  frameRowsMax: 16_384,
  frameRecordsMax: 65_536,
  /** Silence after a frame should have ended. At the bound: it is cut, and says so. */
  frameGraceMs: 5_000,
  /** One HTTP request body, except blobs. At the bound: 413. */
  httpBodyBytesMax: 4 << 20,
  /** Time for an HTTP request to come in whole, a blob included. At the bound: 408. */
  httpRequestMs: 300_000,
  /** How long a node that is stopped waits for its last records to reach its parent, and how often it looks. */
  lastWordsMs: 1_000,
  lastWordsLookMs: 10,
  /** Requests of one function that wait for its answer. At the bound: `HOLON_CALL_BUSY`. */
  httpWaitingMax: 256,
  /** Rows of a recording handed to the log at once. */
  replayBatchRows: 512,
  /** Connections to one MQTT door. At the bound: further ones are closed at once. */
  mqttConnectionsMax: 1024,
  /** One MQTT control packet. At the bound: the connection is closed before the packet is read. */
  mqttPacketBytesMax: 256 << 10,
  /** Messages of one MQTT door not yet on disk. At either bound: the sockets are not read until half of it is. */
  mqttPendingMessagesMax: 8192,
  mqttPendingBytesMax: 8 << 20,
  /** Messages and payload of one append of an MQTT door. */
  mqttBatchMessages: 512,
  mqttBatchBytes: 512 << 10,
  /** Sessions kept for clients that asked for it (clean session 0). At the bound: the one opened longest ago is forgotten. */
  mqttSessionsMax: 4096,
  /** QoS 2 messages taken in and not yet released by one client. At the bound: the connection is closed. */
  mqttUnreleasedMax: 4096,
  /** Answers to one client that it has not taken. At the bound: the client is not read either. */
  mqttAnswerBytesMax: 64 << 10,
  /** Silence after connecting, before CONNECT. At the bound: the connection is closed. */
  mqttConnectMs: 10_000,
  /** Multiplications, about, of one call of a model that a node does itself: some tens of microseconds. */
  modelInPlaceWork: 32 << 10,
  /** Files of segments that were let go of stay open for so long, for those who read in them. */
  retiredFileMs: 15_000,
  /** What a function may begin with before the disk has it, and what it may have made of it: bytes, and appends. At the bound: it reads from the disk, and waits for it. */
  stagedBytesMax: 64 << 10,
  stagedRunsMax: 64,
  /** Appends of one MQTT door that are on their way to the disk at a time. At the bound: messages wait for the next. */
  mqttAppendsMax: 4,
  /** Kinds of events that a door gives to devices, and filters a device subscribes to; a further filter is refused. */
  mqttGivesMax: 32,
  mqttFiltersMax: 64,
  /** How long an order for a device is offered to other nodes, and how many are so at a time. At the bound: it has reached nobody, which is told. */
  orderMs: 20_000,
  ordersPendingMax: 256,
  /** One batch of a bulk door as a frame, and its events. At the bound: a producer begins the next batch; the door closes the connection. */
  bulkFrameBytesMax: 512 << 10,
  bulkBatchEventsMax: 8192,
  /** Bytes of batches that one producer may have on their way without an answer. At the bound: it waits; the door does not read on. */
  bulkCreditBytes: 2 << 20,
  /** The same for all producers of one door together. At the bound: no connection is read until half of it is on disk. */
  bulkPendingBytesMax: 8 << 20,
  /** Connections to one bulk door. At the bound: further ones are closed at once. */
  bulkConnectionsMax: 64,
  /** Producers that one source remembers, for ever. At the bound: `HOLON_PRODUCER_FULL`, a further one is refused. */
  bulkProducersMax: 1024,
  /** Silence after connecting, before a producer says who it is. At the bound: the connection is closed. */
  bulkHelloMs: 10_000,
  /** Answers to one producer that it has not taken. At the bound: it is not read either. */
  bulkAnswerBytesMax: 64 << 10,
  /** Length of an event's subject. At the bound: refused, or set aside. */
  subjectCharactersMax: 256,
  /** Levels of nesting in a JSON payload. At the bound: the message is set aside. */
  payloadDepthMax: 64,
  /** Members of one site, this node included. At the bound: the configuration is refused. */
  siteMembersMax: 15,
  /** How long a member promises its vote to a lead, by its own clock; for as long it votes for nobody after a start. */
  sitePromiseMs: 6_000,
  /** Drift of any clock, parts per million, up to which a site never has two leads: a lease is shorter than a promise by it at both ends. */
  siteDriftPpmMax: 1_000,
  /** A lead renews its lease this often, and waits so long for the answers. */
  siteRenewMs: 1_500,
  /** Time for one round of votes. At the bound: the round is void. */
  siteRoundMs: 2_000,
  /** Members that miss a lead wait up to this much longer, by chance, so that one is first. */
  siteElectionJitterMs: 4_000,
  /** Questions and answers of an election that wait for the disk. At the bound: refused. */
  siteEventsPendingMax: 256,
  /** An uplink that is down for longer is gone around through a sibling; how often that is looked at, and the sibling asked. */
  relayAfterMs: 10_000,
  relayCheckMs: 2_000,
  /** Longest wait before a sibling is tried again: a site has few members, and they are near. */
  siblingReconnectMaxMs: 3_000,
  /**
   * Units that control has left to a site: a member asks the lead this often what it may run, for a lease, and ends it so much before that is over. One that was away is home again after
   * `siteUnitReturnMs`. What a unit holds is given to siblings this often, in so many bytes, and so many a second on average; a larger state stays where it is.
   */
  siteUnitAskMs: 5_000,
  siteUnitLeaseMs: 30_000,
  siteUnitGuardMs: 2_000,
  siteUnitReturnMs: 20_000,
  siteSpareMs: 5_000,
  siteSpareBytesMax: 256 << 10,
  siteSpareBytesPerSecond: 8 << 10,
  /** What the leads of one site decided, as control tells it in explanations: the last ones. */
  overlaysRemembered: 64,
  /**
   * A request goes to another node that answers it: so many are tried within its deadline, each for at least so long. One that failed is tried last for a while, longer each time. Those that were
   * asked lately are measured this often. Answers are remembered, so that a repeat is not handled twice; at either bound the oldest is forgotten.
   */
  requestTriesMax: 4,
  requestTryMsMin: 250,
  requestRestMs: 5_000,
  requestRestMsMax: 120_000,
  requestEchoMs: 15_000,
  requestsRememberedMax: 1_024,
  requestsRememberedBytesMax: 16 << 20,
  /** A node tells its site again where it is reached. */
  discoveryRepeatMs: 20_000,
  /** A policy's text in characters, its rules, and values of one clause. At the bound: `HOLON_POLICY_BAD`. */
  policyTextMax: 256 << 10,
  policyRulesMax: 4_096,
  policyValuesMax: 64,
  /** Answers of a policy that are kept, so that the same question is one lookup. At the bound: all are forgotten and found anew. */
  policyAnswersMax: 4_096,
  /** Openings of logs whose jurisdiction a guard knows by heart. At the bound: all are forgotten and read anew. */
  policyOriginsMax: 4_096,
  /** How long a certificate of a node holds, and the least that a configuration may say. */
  certificateMs: 30 * 86_400_000,
  certificateMsMin: 1_000,
  /** The same for a node whose identity is bound to its TPM: a copy of its key ends with the certificate. Long enough for control to be away over a weekend. */
  boundCertificateMs: 3 * 86_400_000,
  /** How long a bound node has to answer a nonce: a TPM is slow, and the way may be long. */
  chipNonceMs: 300_000,
  /** Used nonces of one node that are remembered one by one; at the bound those before the oldest of them count as used. */
  chipNoncesMax: 16,
  /** Keys of one node that control remembers to have certified: by one of them it comes back when a series of the authority is over. */
  issuedKeysMax: 8,
  /** Longest time in which an invitation may be used, and invitations that are open at a time. At the bound: `HOLON_INVITATION_BAD`. */
  invitationMsMax: 30 * 86_400_000,
  invitationsMax: 1_024,
  /** One certificate or request in text. At the bound: refused. */
  certificateCharactersMax: 8_192,
  /** Roots of the director that a new node is shown: the last ones. */
  directorRootsMax: 8,
  /** Sites to which one app is sealed, and the header of a sealed file. At the bound: refused. */
  sealSitesMax: 64,
  sealHeaderBytesMax: 64 << 10,
  /** Nodes that are revoked. At the bound: `HOLON_IDENTITY_FULL`. */
  revokedMax: 4_096,
  /** Certificates that a listener has verified and knows again. At the bound: the one that was seen first is verified anew. */
  verifiedCertificatesMax: 8_192,
  /** Requests of those who may not come in yet that are passed on at a time, and one of them in bytes. At the bound: `HOLON_CALL_BUSY`, 413. */
  lobbyAsksMax: 8,
  lobbyBytesMax: 64 << 10,
  /** A node that learned nothing of its certificate asks its neighbour above again after this, which costs a few hundred bytes. */
  identityAgainMs: 60_000,
  /** Time for the authority to answer: less than `handshakeMs`, in which somebody without a link has to be done. */
  identityAskMs: 8_000,
  /** The same refusal is told again after this, with how often it came; kinds of refusals that are told apart. At the bound: they are told as one. */
  refusalTellMs: 60_000,
  refusalsToldMax: 64,
  /** A node says again that it refuses the document it is to reach after this, where it says the same. */
  refusedTellMs: 3_600_000,
  /** Users, API tokens and calls that wait for approval. At the bound: `HOLON_USER_BAD`, `HOLON_TOKEN_BAD`, `HOLON_APPROVAL_FULL`. */
  usersMax: 1_024,
  apiTokensMax: 1_024,
  approvalsMax: 256,
  /** Routes that an API token is for. At the bound: refused. */
  tokenRoutesMax: 64,
  /** Longest time for which an API token holds, and how long a call waits for approval, and an approval for the call. At the bound: it has ended. */
  apiTokenMsMax: 366 * 86_400_000,
  approvalMs: 24 * 3_600_000,
  /** So often control keeps what time it is, for a start with a clock that nobody set; and so far in the future something may have been made that counts: clocks are set right in small steps too. */
  fleetTimeKeptMs: 3_600_000,
  madeAheadMsMax: 86_400_000,
  /** How far ahead of the time that was known a clock that nobody set is believed at a start: control may have stood still for so long. At the bound: it counts for as long as it stands there, and nothing of it is kept. */
  fleetTimeLeapMsMax: 366 * 86_400_000,
  /** Of the body of a call that waits, what is kept for those who approve. At the bound: its hash alone. */
  approvalBodyCharactersMax: 64 << 10,
  /** Characters of a password. At the bound: `HOLON_USER_BAD`. */
  passwordCharactersMin: 12,
  passwordCharactersMax: 256,
  /** How long a session holds, and how long without a call; sessions in all and of one person. At the bound: the oldest ends. */
  sessionMs: 8 * 3_600_000,
  sessionIdleMs: 3_600_000,
  sessionsMax: 1_024,
  sessionsOfOneMax: 16,
  /** Passwords that are looked at at a time, each in 19 MiB, and those that wait for it. At the bound: `HOLON_LOGIN_BUSY`. */
  passwordsAtATimeMax: 2,
  passwordsWaitingMax: 16,
  /** Wrong passwords in a row until a name is locked for an address, an address for all names; and of a name in all until it is slow for addresses that it never logged in from. */
  loginFailuresOfName: 5,
  loginFailuresOfAddress: 20,
  loginFailuresAnywhere: 20,
  /** The first lock; each one after it is twice as long, up to the last. Failures are forgotten as long after the last one. */
  loginLockMs: 30_000,
  loginLockMsMax: 900_000,
  /** Names, addresses, and names for addresses that are counted. At the bound: the oldest that is not locked is let go of; where all are, those that are not known yet are counted as one, the third not at all. */
  loginCountedMax: 1_024,
  /** Addresses that a name is remembered to have logged in from: the last ones. */
  loginAddressesKept: 16,
  /** Calls of one person or API token at control: at once, and a second after that; callers that are counted. At the first two: `HOLON_API_BUSY`; at the last: those who are not known yet are counted as one. */
  apiCallsAtOnce: 1_000,
  apiCallsPerSecond: 100,
  apiCallersCounted: 1_024,
  /** Rules by which an identity provider's people get roles. At the bound: the configuration is refused. */
  providerRolesMax: 64,
  /** Logins with an identity provider that are under way, and for how long each may be; and how many were begun from one address. At a bound: the oldest of the address that has most is forgotten, and begins again. */
  providerLoginsMax: 256,
  providerLoginsOfAddressMax: 32,
  providerLoginMs: 600_000,
  /** Time for one answer of an identity provider, and its size. At the bound: `HOLON_PROVIDER_UNREACHABLE`, `HOLON_PROVIDER_BAD`. */
  providerAnswerMs: 8_000,
  providerAnswerBytesMax: 256 << 10,
  /** Questions to it that are under way. At the bound: `HOLON_LOGIN_BUSY`. */
  providerAsksMax: 8,
  /** How far its clock and this one may be apart. At the bound: `HOLON_PROVIDER_TIME`. */
  providerSkewMs: 60_000,
  /** Plans that were adopted, of which control tells: those before stand in the trail. */
  plansTold: 1_000,
  /** Nodes, replicas of one unit and accelerators of one node that the planner takes. At the bound: the document is refused. */
  planNodesMax: 65_536,
  planReplicasMax: 256,
  planAcceleratorsMax: 64,
  /** Evaluations that a policy may allow for one plan. At the bound: the policy is refused. */
  planStepsMax: 1_000_000_000,
  /** A node looks at what it is made of this often, and tells control what has changed, or that nothing has, within these bounds. */
  inventoryLookMs: 60_000,
  inventoryReportMsMin: 300_000,
  inventoryReportMsMax: 86_400_000,
  /** Kinds of accelerators that a node tells of, and how long it may take to find out what its model runtime has. At the bound: the others are left out; unknown. */
  acceleratorKindsMax: 16,
  providersMs: 60_000,
  /** Looks of which the middle one is the load of its processors; before there were so many it is unknown. */
  inventoryLoadLooks: 5,
  /** A part of its processors or memory, and of a latency, by which a measured value has to differ to be told anew. */
  inventoryChange: 0.25,
  /** A node asks control this often whether it is still meant, and may run what stops on islands for so long after it asked. */
  nodeRenewMs: 30_000,
  nodeRenewAskMs: 10_000,
  /** Where control is on the node itself, and has given it no lease yet. */
  nodeRenewOwnMs: 2_000,
  nodeLeaseMs: 120_000,
  /** Drift of any clock, as a part: control counts a lease so much longer than the node. */
  nodeLeaseDrift: 0.01,
  /** A node that was silent is given nothing new before it has been heard for so long. */
  nodeReturnMs: 300_000,
  /** So long after all nodes were heard that it knew when it started, control waits for one of them to say that there was more than it remembers. */
  recallSettleMs: 5_000,
  /** Control looks this often for nodes that have fallen silent or are back. */
  planLookMs: 10_000,
  /** A node asks its parent a question of this size so often, to know what the link between them carries. */
  bandwidthProbeBytes: 8 << 10,
  bandwidthProbeMs: 86_400_000,
  /** So many of them, one at each look at the inventory: the quickest counts, since who asks and who answers may be busy. */
  bandwidthProbes: 3,
  /** What is faster than can be told counts as this: the link then carries at least so much. */
  bandwidthProbeMsMin: 1,
  /** Hours of one curve of carbon or price, and how far back of now it is kept. At the bound: the oldest, then the furthest, go. */
  curveHoursMax: 400,
  curveBackHours: 192,
  /** Bytes of a file or an answer that brings one. At the bound: refused. How often it is read, and told control at most. */
  curveBytesMax: 4 << 20,
  curveReadMs: 900_000,
  curveTellMs: 3_600_000,
  /** Hours of one run of a job. */
  jobHoursMax: 168,
  /** How long a wall clock that was set is not noticed by a job that waits, at most. */
  jobLookMs: 60_000,
  /** Runs of jobs that control shows. At the bound: the oldest goes; its record stays. */
  jobRunsShown: 256,
  /** Nodes that a refusal of a deployment gives reasons for; the others are counted. */
  planReasonsMax: 4,
  /** Units of which it is told at a time that they stand nowhere, and how long until it is told again: before alarms of one kind are taken for over. At the bound: the others stand in the plan alone. */
  unplacedToldMax: 64,
  unplacedTellMs: 600_000,
  /** How often a node looks whether the policy keeps what was made to leave. */
  withheldLookMs: 60_000,
  /** Sites that are named to who named one that is none. */
  planSitesTold: 16,
  /** Lines of a plan's diff in the event that adopts it. At the bound: the others stand in the plan alone. */
  planChangesTold: 64,
  /** Hours that a fleet is lived through on a copy at a time. At the bound: refused. */
  whatIfHoursMax: 8_784,
  /** What control spends on one such simulation, and one at a time: time, and megabytes of its heap. At the bound: `HOLON_SIM_TOO_LARGE`, `HOLON_SIM_BUSY`. */
  whatIfMs: 120_000,
  whatIfMegabytes: 512,
  /** Rows of one page of a list, and a cursor in characters. At the bound: the rest is on the next page; refused. */
  apiPageMax: 1_000,
  apiCursorCharactersMax: 1_024,
  /** Keys of calls that are made once, how long they are kept, an answer that is kept for one, and a key. At the bound: the oldest of whoever has the most is forgotten; the answer is not kept; refused. */
  idempotencyKeysMax: 1_024,
  idempotencyMs: 24 * 3_600_000,
  idempotencyAnswerBytesMax: 64 << 10,
  idempotencyKeyCharactersMax: 255,
  /** Changes that are kept for watchers that are slow or come back, and watchers at a time. At the bound: such a one is told everything anew; `HOLON_WATCH_FULL`. */
  watchChangesMax: 4_096,
  watchersMax: 256,
  /** Silence on an answer without end, after which a line says that it is alive. Who hears nothing for twice as long may take it for broken. */
  watchAliveMs: 15_000,
  /** Code and models of an app that is exported for Kubernetes, which keeps them in a ConfigMap. At the bound: `HOLON_EXPORT_TOO_LARGE`. */
  exportConfigBytesMax: 700_000,
  /** A unit that moves works off what lies before it for so long; what is left of its node's own lanes then is told. It looks this often whether it is done. */
  moveDrainMs: 30_000,
  moveLookMs: 100,
  /** What a unit holds, as it travels. At the bound: the unit stays where it is. */
  moveStateBytesMax: 16 << 20,
  /** Sets of parameters that a unit has fitted, which its departure names. At the bound: the unit stays where it is. */
  moveBlobsMax: 4_096,
  /** A part of it in one answer. */
  movePieceBytes: 256 << 10,
  /** A new home that has not asked for a unit by then does not get it: the unit goes back to the old one. */
  moveAnswerMs: 180_000,
  /** What came back is tried again after so long, where the plan still wants it. */
  moveAgainMs: 1_800_000,
  /** Lanes of which a departure tells the position; the others stand in the state. */
  moveLanesTold: 64,
  /** Jurisdictions by way of which what a unit holds may go. At the bound: it goes nowhere. */
  moveWayMax: 64,
  /** A node asks this often whether what departed from it goes on elsewhere, so that it may forget it. */
  moveForgetMs: 30_000,
  /** Departures and takes that control remembers. At the bound: the oldest is let go. */
  movesRememberedMax: 4_096,
  /** Units that a node tells a control plane which does not know its document. At the bound: it learns of the first. */
  heldUnitsTold: 4_096,
  /** By how much the number of a document may be above the last that control remembers, so that nobody's word makes it run out of numbers. Above it: the node is given no lease. */
  desiredLeapMax: 1_000_000,
  /** Up to this number a document may come at any leap: who was driven up so far, by a parent that lied, is followed at once. A node that has none yet takes one of twice that. At the bound: control goes on from here, a node keeps what it has and ends the link. */
  desiredFreeMax: 2 ** 50,
  /** A node tells this often from where its units were handed how much; sites by which the planner follows it. */
  handedTellMs: 3_600_000,
  handedSitesMax: 16,
  /** Sites whose questions a model that is placed is to reach. */
  askingSitesMax: 64,
  /** Nodes on which an app makes what a placed function is handed, that a plan looks at; of more of them some under each node above. */
  makersMax: 64,
  /** Of a flow, pairs of jurisdictions between which the policy closes it. Above: those of the first. */
  bordersMax: 256,
  handedOriginsMax: 256,
  /** Units, and models, in one such report. At the bound: it is no report. */
  handedUnitsMax: 4_096,
  /** What an author may say of bytes, milliseconds, rows or money, so that what a plan makes of it can still be added up; and what an operator may declare of a node, which is what control takes from one. Above: refused where it is read. */
  amountMax: 1e24,
  declaredMax: 1e15,
  /** Parts of a model that control cuts. Nodes whose questions say, each by itself, where its end stands: beyond it half of them are those that ask most, and of the others neighbours count together, which the plan says; each node is told where it cuts. */
  modelPartsMax: 16,
  stageAskersMax: 256,
  /** A node looks this often how it stands to what it is to be, and tells what has changed. */
  conditionLookMs: 30_000,
  /** How often a node tells what it measured, unless its configuration says otherwise, and what that may say. */
  telemetryEveryMs: 60_000,
  telemetryEveryMsMin: 1_000,
  telemetryEveryMsMax: 3_600_000,
  /** Of the uplink's budget, what telemetry may take. At the bound: it is told less often, with the same totals. */
  telemetryShare: 0.05,
  /** After the beginning of an outage and before its end so much is told as it was measured; of the time between, windows are merged to so much. */
  telemetryFullMs: 3_600_000,
  telemetryCoarseMs: 900_000,
  /** Metrics of one kind in one window, characters of one with its attributes, and bins of one sketch. At the bound: further metrics are counted as one, the lowest bins are merged. */
  telemetryKeysMax: 1_024,
  telemetryKeyMax: 512,
  telemetryBinsMax: 512,
  /** Time that a record takes to come up, for who says what is due. */
  telemetryGraceMs: 15_000,
  /** Messages that were taken for some recipients and may be for others later: so many of a route, tried again so often and for so long. At the bound: the oldest is given up, and told. */
  alertLeftMax: 8,
  alertLeftEveryMs: 300_000,
  alertLeftMs: 7_200_000,
  /** A wall clock that moved by more than this against the monotonic one was set. One that nobody has set for so long is believed where it contradicts what was kept. */
  clockStepMs: 60_000,
  clockBelievedMs: 6 * 3_600_000,
  /** So far ahead of the clock here a window may end. At the bound: it stands in no chart; its record stays. */
  telemetryAheadMs: 300_000,
  /** So far ahead of when it came in a record may say that it was recorded. At the bound: it counts as of then. */
  recordedAheadMs: 300_000,
  /** Nodes that are named as missing in an answer that is not about that. At the bound: `/v1/fleet` names more. */
  accountMissingMax: 8,
  /** Nodes one above the other. */
  telemetryTiersMax: 16,
  /** A clock that differs from its parent's by less than that counts as the same: what its node tells is taken as dated here. */
  clockOffMs: 5_000,
  /** Runs of a node whose clocks differed from what most of its runs had, as they are remembered. */
  clockRunsMax: 64,
  /** How often a parent asks a child for its clock, how many at once, and how long it waits for each. */
  clockAskEveryMs: 300_000,
  /** How often it looks whether its own clock was set. */
  clockLookMs: 10_000,
  /** Words on clocks of others are kept so long after they came. */
  clockKeepMs: 1_000,
  clockAskedAtOnce: 8,
  clockAnswerMs: 5_000,
  /** A node that came back after it had ended without a word is shown as crashed for so long. */
  telemetryCrashedMs: 300_000,
  /** Steps of the fleet's own charts that are kept, fine and coarse. At the bound: the oldest goes; the records stay. */
  telemetryFineStepMs: 60_000,
  telemetryFineSteps: 1_440,
  telemetryCoarseSteps: 672,
  /** Metrics with different attributes in them. At the bound: a new one is in no chart that is kept ready until an old one has no step left; the records stay. */
  telemetrySeriesMax: 16_384,
  /** Points of one answer, and windows that are read for it. At the bound: refused. */
  telemetryPointsMax: 1_440,
  /** So far beside the beginning of a step a window may begin or end and still be taken to do so there: it closes when its timer was heard. */
  telemetryEdgeMs: 1_000,
  /** Steps of a chart that a node has told a part of and may tell the rest of. At the bound: the first of them stays a part. */
  telemetryPartlyMax: 8,
  /** Runs of steps that a node has told all of, in one chart. At the bound: what it tells later of a gap between the two oldest does not count. */
  telemetryRunsMax: 16,
  telemetryWindowsReadMax: 50_000,
  /** Records of one lane that are read again at a start. At the bound: older ones are not in charts of the fleet. */
  telemetryReadBackMax: 5_000,
  /** Where what the log holds of before cannot be read it is tried again after this; and windows of this node that wait for it. At the bound: the oldest counts for no objective. */
  telemetryReadAgainMs: 30_000,
  telemetryEarlyMax: 1_440,
  /** Spans of late telemetry that are remembered of one node. At the bound: the oldest is forgotten as late. */
  telemetryLateMax: 64,
  /** Nodes that an answer names as unknown. */
  telemetryMissingMax: 64,
  /** Changes of links from below are told together after this. */
  telemetryLinkNewsMs: 250,
  /** How soon the node above is asked where a child went that was lost, doubling up to the next; of how many at once, the others next time; and how long it is waited for. */
  elsewhereAskMs: 5_000,
  elsewhereAskMsMax: 60_000,
  elsewhereAskedAtOnce: 256,
  elsewhereAnswerMs: 10_000,
  /** One item of OTLP that comes in, and one record of them. At the bound: rejected, and the sender told. */
  otlpItemBytesMax: 256 << 10,
  /** One body of OTLP, unpacked. At the bound: 413. And bodies that are not on disk yet; at the bound the sender is told when to come back. */
  otlpBodyBytesMax: 4 << 20,
  otlpPendingBytesMax: 16 << 20,
  /** First wait before a collector is tried again, doubling up to the next; what a sender is told to wait. */
  otlpRetryMs: 1_000,
  otlpRetryMaxMs: 60_000,
  /** Records, and their bytes, of one request to a collector; time for its answer. */
  otlpBatchRecords: 256,
  otlpBatchBytes: 1 << 20,
  otlpAnswerMs: 10_000,
  /** Requests for one batch of which the collector calls something bad. At the bound: what is refused is set aside as it is. */
  otlpHalvingsMax: 128,
  /** Objectives of one app or node; the time over which one is, and its bounds. */
  objectivesMax: 32,
  /** Events in a window below which an objective does not burn, where it declares none; and at most to be declared. */
  objectiveEventsMin: 20,
  objectiveEventsMinMax: 1_000_000,
  objectivePeriodMs: 30 * 86_400_000,
  objectivePeriodMsMin: 60_000,
  objectivePeriodMsMax: 366 * 86_400_000,
  /** Ways on which one node tells its alerts. */
  alertRoutesMax: 32,
  /** A silence is told when it has lasted so long, and is over when it has been over for so long: a line that flaps is one incident. */
  silenceTellMs: 2_000,
  silenceOverMs: 30_000,
  /** So long after its enrolment a node may take to connect for the first time before that is told as an alert. */
  silenceAwaitedMs: 900_000,
  /** After a start, when those below are on their way back. */
  silenceStartMs: 45_000,
  /** Incidents that one node holds open. At the bound: what is more is one incident together. */
  alertsOpenMax: 1_024,
  /** Of those that are over, how many are held for who is still to be told. At the bound: the oldest is not told any more. */
  alertsOwedMax: 4_096,
  /** Times at which people silence alerts. At the bound: refused. */
  alertSilencesMax: 256,
  alertSilenceMsMax: 30 * 86_400_000,
  /** Alarms of one kind are one incident until none has come for so long. */
  alarmQuietMs: 900_000,
  /** Alarms that are read at one look; the next one goes on. */
  alarmsReadMax: 4_096,
  /** Of one message, so that a storm is not a storm of messages. */
  alertsOfMessageMax: 20,
  /** How long after it could not be told it is tried again, growing. */
  alertRetryMs: 1_000,
  alertRetryMaxMs: 300_000,
  /** Messages of one urgency that have had their try and wait for a receiver that fails. At the bound: what is new waits until it is back, and goes together. */
  alertMessagesTriedMax: 8,
  alertAnswerMs: 10_000,
  /** How often an objective's counts are kept, and of how many nodes at most it is kept how far each was counted. At the bound: after a start it begins with what is read back. */
  objectiveKeepMs: 900_000,
  objectiveNodesMax: 1_000,
  /** How often silence is looked for; alerts that have ended and are still shown. At the bound: the oldest goes; its event stays. */
  alertLookMs: 5_000,
  alertsResolvedMax: 256,
  /** Of one answer: more than a node holds. */
  alertsListedMax: 6_000,
  /** Who follows is told of changes this often. */
  telemetryFollowMs: 500,
  /** In a fleet of more nodes than that, alerts and objectives look at all of them so often at most. */
  telemetryManyNodes: 500,
  telemetryManyMs: 12_000,
  telemetryLookAtOnce: 200,
  telemetryWholeMs: 1_000,
  /** Nodes that one objective names of those that have not told. At the bound: they are counted. */
  objectiveMissingMax: 5,
  /** The fleet as a whole is shown as it was found out this long ago at most, before who asks waits for it to be looked at anew. */
  telemetryStaleMs: 5_000,
  /** What nodes told is read on for so long at a stretch. At the bound: others are let in between. */
  sliceMs: 2,
  /** Texts of metrics whose parts are remembered. At the bound: all are forgotten, and found again. */
  telemetryKeysKnownMax: 8_192,
} as const;
