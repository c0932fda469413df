// long file: all ports in one place, by design
/**
 * The whole outside world of a node, in one file.
 *
 * `platform/` implements each port on a real machine, `sim/` on a seeded one, under the same file names. Logic in `node` and
 * `control` reaches time, chance, disk, network, cryptography, sandboxes and devices through these and through nothing else.
 * That is what lets the simulator run the same code and cut the power before or after any call.
 */
import type { CommandLine, DeclaredCommand } from "./diagnosis/commands.ts";
import type { ErrorCode, HolonError } from "./errors.ts";
import type { Binding } from "./identity/chip.ts";
import type { Enrolment, Issued, Invited, LobbyMethod, Renewal, RevocationList, SignedRevocations, Vouched } from "./identity/messages.ts";
import type { SeriesHeard } from "./identity/series.ts";
import type { Validity } from "./identity/validity.ts";
import type { Adopted, Difference, Measurement } from "./measure/measured.ts";
import type { Quote } from "./measure/quote.ts";
import type { Emits, SourceSpec, unitRuntimes } from "./schema/app.ts";
import type { MailTarget, WebhookTarget } from "./schema/alerting.ts";
import type { ReadSource } from "./schema/energy.ts";
import type { SharedKind } from "./schema/shared.ts";
import type { SharedOperation } from "./shared/operation.ts";
import type { BlobHash, NodeName } from "./units.ts";

/** How far wall-clock time can be trusted. */
export type ClockState = "synced" | "coasting" | "unknown";

export interface Timer {
  cancel(): void;
}

/** Time. Inside a node all intervals are monotonic; wall-clock time is only a label on records. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. */
  monotonicMs(): number;
  /**
   * As `monotonicMs`, and counts on while the machine sleeps, as far as it can be told from here: leases are held by it. It may be late in telling, and where a wall clock is set forwards
   * it may take that for sleep.
   */
  elapsedMs(): number;
  /** Wall-clock milliseconds since 1970 and how far to trust them. */
  wall(): { readonly ms: number; readonly state: ClockState };
  /** Calls back once after `delayMs`; never before. A cancelled timer does not call. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves when what goes on from here without waiting for anything is done; not there where nothing else is. */
  turn?(): Promise<void>;
  /** Resolves a moment later, in which others on this machine had the processor; not there where nobody else is. */
  rest?(): Promise<void>;
}

/** Chance. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** `length` bytes fit for keys, tokens and epochs. */
  bytes(length: number): Uint8Array;
}

/** An open file. Positions and lengths in bytes. */
export interface DiskFile {
  /** Size when opened plus what was written since. */
  size(): number;
  /** Up to `length` bytes from `position`; shorter at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Writes all bytes at `position`. Durable only after `sync`, which some file systems ask for room first. `HOLON_DISK_FULL`, `HOLON_DISK_READ_ONLY`, `HOLON_DISK_FAILED`. */
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** `write` and `sync` in one: returns when these bytes survive a power cut. Of what else was written it says nothing. */
  writeThrough(position: number, bytes: Uint8Array): Promise<void>;
  /**
   * Returns when every byte written so far survives a power cut. After a failure nothing can be promised of this file any more, for as long as it is open; where
   * only room was missing (`HOLON_DISK_FULL`), until it is truncated to what was synced before.
   */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The disk below one node's data folder. Paths are relative, with `/`, never with `..`.
 * Creation, renaming and removal are durable after `syncFolder` of the parent folder.
 */
export interface Disk {
  /** Names in a folder, sorted; empty if the folder is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes the folder and its parents. */
  makeFolder(folder: string): Promise<void>;
  /** `create` makes the file where it is missing; otherwise a missing file is `HOLON_DISK_MISSING`. */
  open(path: string, options: { readonly create: boolean }): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removing what is not there is no error. A file that is open keeps its content, and its room, until it is closed. */
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** Bytes free to this node and in all; unknown where the system does not say. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | undefined>;
}

/** An authenticated, framed, ordered connection to one peer. */
export interface Connection {
  /** The peer's name, as proved when the connection was made. */
  readonly peer: NodeName;
  /** Its site, as proved with the name; unknown where nothing proves sites. */
  readonly site?: string;
  /** Its tier, likewise. */
  readonly tier?: string;
  /** Queues one frame. The caller bounds what it queues by the protocol's own credit; a frame over the limit is an assertion. */
  send(frame: Uint8Array): void;
  /** Bytes queued and not yet taken by the network. */
  queuedBytes(): number;
  /** Bytes on the socket both ways so far, transport security included. */
  traffic(): { readonly sentBytes: number; readonly receivedBytes: number };
  /** Handlers are set once, before the first frame arrives; no frame arrives after `closed`. */
  receive(handlers: { frame(bytes: Uint8Array): void; closed(reason: string): void }): void;
  close(reason: string): void;
}

export interface Listener {
  /** Where peers reach this listener, for example `wss://127.0.0.1:7401`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Somebody whom a listener turned away. */
export interface TurnedAway {
  readonly code: ErrorCode;
  readonly message: string;
  /** The name in its certificate, if that is of this fleet and under a key that counts; what it said it was. */
  readonly proved: NodeName | undefined;
  readonly claimed: string | undefined;
}

/** What a listener does for those who may not come in, or not yet. */
export interface Lobby {
  turnedAway(who: TurnedAway): void;
  /** Whether a new certificate can be had through this node now. Where it cannot, one beyond its date is as good as any. */
  reachesAuthority(): boolean;
  /** Passes a request for a certificate on. */
  ask(method: LobbyMethod, request: unknown): Promise<unknown>;
}

/** The network between nodes. */
export interface Net {
  /** `accepted` is called for each peer that proved its name. `HOLON_PORT_TAKEN` where the address is in use. */
  listen(address: string, accepted: (connection: Connection) => void, lobby?: Lobby): Promise<Listener>;
  /** `expected` is the name that the peer must prove, where it is known. Whom this end does not take is told to `turnedAway`; who does not take this end tells it himself. `HOLON_LINK_UNREACHABLE`, `HOLON_LINK_REFUSED`, `HOLON_IDENTITY_…`. */
  connect(address: string, expected?: NodeName, turnedAway?: (who: TurnedAway) => void): Promise<Connection>;
}

/** Where a node of the site is reached. */
export interface Announcement {
  readonly name: NodeName;
  readonly site: string;
  /** For example `wss://192.168.7.2:7401`. */
  readonly address: string;
}

/** How the nodes of a site find each other without the uplink. What is heard says where to dial, never who is a member. */
export interface Discovery {
  /** Announces this node until it is closed, and calls `heard` for others of its site, again and again. `HOLON_DISCOVERY_FAILED`. */
  open(self: Announcement, heard: (sibling: Announcement) => void): Promise<{ close(): Promise<void> }>;
}

/** Hashing, synchronous. */
export interface Crypto {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
}

/** Which key: each generation has one for every segment of the log. */
export interface CipherPlace {
  readonly generation: number;
  readonly segment: number;
}

/** Encryption of the log, AES-256-GCM (NIST SP 800-38D), synchronous, under keys that stay behind it. */
export interface Cipher {
  /** Of what is encrypted from now on; undefined where nothing is and what was can still be read. */
  readonly generation: number | undefined;
  holds(generation: number): boolean;
  /** 12 bytes that no call before has given. */
  nonce(): Uint8Array;
  encrypt(place: CipherPlace, nonce: Uint8Array, plain: Uint8Array, associated: Uint8Array): { readonly bytes: Uint8Array; readonly tag: Uint8Array };
  /** What the bytes say, also where the tag does not vouch for them. */
  decrypt(place: CipherPlace, nonce: Uint8Array, hidden: Uint8Array, associated: Uint8Array, tag: Uint8Array): { readonly bytes: Uint8Array; readonly isAuthentic: boolean };
}

/** What this node is made of, as it lies on the disk, and what was adopted of it. */
export interface Measurer {
  /** Undefined where nothing was ever adopted. `HOLON_MEASURE_BAD` where the record is not as the node's key wrote it. */
  adopted(): Promise<Adopted | undefined>;
  /** Puts down what the node is made of from now on, with the configuration where that is among it. */
  adopt(adopted: Adopted): Promise<void>;
  /** What is found at the first start is adopted, though nobody said so. */
  readonly trustsFirst?: boolean;
  /** Of the program, its configuration and what runs it. */
  names(): Promise<readonly string[]>;
  /** SHA-256, 64 hexadecimal digits; undefined where nothing of this name is there. */
  hash(name: string): Promise<string | undefined>;
  /** The same of a blob's file, whatever its name says. */
  artifact(hash: BlobHash): Promise<string | undefined>;
  /** What was made of the program and kept, and is not what the program gives: it is taken away, and told for as long as this start of the node lasts. */
  derived?(): Promise<readonly Difference[]>;
}

/** Signs what this node is made of with a key that its TPM holds and nothing else. */
export interface Attestor {
  /** `HOLON_TPM_FAILED`. */
  quote(lines: readonly Measurement[], nonce: string): Promise<Quote>;
}

/** Passwords and secrets of people. */
export interface Credentials {
  /** What a password can be held against later and not be told from: Argon2id (RFC 9106). Takes time and memory on purpose. */
  seal(password: string): Promise<string>;
  /** Takes as long where there is nothing to hold it against, and is false then. */
  matches(password: string, sealed: string | undefined): Promise<boolean>;
  /** 32 bytes of chance as text, base64url. */
  secret(): string;
  /** What nobody reads without the key, which is 32 bytes: AES-256-GCM (NIST SP 800-38D), base64url of nonce, ciphertext and tag. `about` is vouched for with it. */
  conceal(key: Uint8Array, about: string, text: string): string;
  /** What was concealed so; undefined where it was not, under this key and about this. */
  reveal(key: Uint8Array, about: string, concealed: string): string | undefined;
}

/** What an identity provider said of somebody, and what of it is proved: that it said so, to this client, now. */
export interface ProvedSubject {
  /** By which the provider tells its people apart, for ever. */
  readonly subject: string;
  /** Of the login for which it was said. */
  readonly nonce: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** An identity provider: OpenID Connect Core 1.0 with the authorization code flow and PKCE (RFC 7636). Holds nothing of a login that is under way. */
export interface IdentityProvider {
  /** Where a browser goes to. `HOLON_PROVIDER_UNREACHABLE`, `HOLON_PROVIDER_BAD`. */
  authorization(login: { readonly state: string; readonly nonce: string; readonly verifier: string; readonly redirect: string }): Promise<string>;
  /**
   * Redeems the code with which the browser came back, and checks what is given for it: signature, issuer, audience, time by `atMs`; the nonce is left to the
   * caller. `answeredBy` is the issuer that the browser named (RFC 9207). `HOLON_PROVIDER_REFUSED`, `HOLON_PROVIDER_TIME`, `HOLON_PROVIDER_UNREACHABLE`, `HOLON_PROVIDER_BAD`.
   */
  redeem(answer: { readonly code: string; readonly answeredBy: string | undefined; readonly verifier: string; readonly redirect: string; readonly atMs: number }): Promise<ProvedSubject>;
}

/** Checksums and compression, synchronous. */
export interface Codec {
  /** CRC-32 (ISO 3309), unsigned. */
  crc32(bytes: Uint8Array): number;
  /** Zstandard (RFC 8878) with a content checksum. `dictionary`: text that both ends know, for what is small. */
  compress(bytes: Uint8Array, dictionary?: Uint8Array): Uint8Array;
  /** `HOLON_FRAME_BAD` if it does not decode with that dictionary or would exceed `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number, dictionary?: Uint8Array): Uint8Array;
}

/** A dense tensor of 32-bit floats, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
export type Tensors = Readonly<Record<string, Tensor>>;

/** What a classifier says of one row, who said it, and how sure it is. */
export interface ModelDecision {
  /** As the model gives them: before or after a softmax. */
  readonly scores: Float32Array;
  /** The calibrated probability of the best class, 0 to 1. */
  readonly confidence: number;
  /** The node whose model answered. */
  readonly answeredBy: string;
  /** Whether it is at or above the gate of whoever answered; a model without a gate is always sure. */
  readonly sure: boolean;
  /** Why a row that the gate would have passed on was answered here. */
  readonly kept?: "cut" | "bytes" | "late" | "refused";
}

/** A loaded model. */
export interface ModelSession {
  /** Names of the graph's inputs that are neither initialisers nor bound parameters. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** `HOLON_MODEL_INPUT_BAD` for a missing input or wrong shape. */
  run(inputs: Tensors): Promise<Tensors>;
  /** The same where it is asked, before it returns; undefined where `run` has to be asked. */
  runNow?(inputs: Tensors): Tensors | undefined;
  close(): Promise<void>;
}

/** Inference off the main thread. */
export interface Model {
  /** Loads an ONNX graph; `parameters` are bound as constant inputs. `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`. */
  load(graph: Uint8Array, parameters: Tensors): Promise<ModelSession>;
}

/** An event as a function sees it: CloudEvents attributes and data, see `schema/event.ts`. */
export interface UnitEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string | undefined;
  /** Event time: when it happened, milliseconds since 1970. */
  readonly timeMs: number;
  /** Arrival time: when this event was recorded, by the recording node's wall clock. */
  readonly arrivedMs: number;
  readonly data: unknown;
  /** W3C Trace Context, if it came with one. */
  readonly traceparent?: string;
  /** The span in which this event is handled, where it is followed. The host takes it off. */
  readonly span?: UnitSpan;
  /** The node's time, for functions that are granted it; on the first event of a batch only. The host takes it off. */
  readonly moment?: UnitMoment;
  /** What sites share, as far as it changed since the batch before; on the first event of a batch only. The host takes it off. */
  readonly shared?: SharedView;
}

/** One step of a trace: 32 and 16 lower-case hexadecimal digits. */
export interface UnitSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether it is written down. */
  readonly sampled: boolean;
}

/** A node's time when it handed over a batch. */
export interface UnitMoment {
  /** Wall clock, milliseconds since 1970, and how far to trust it. */
  readonly ms: number;
  readonly state: ClockState;
  /**
   * Hybrid time: the wall clock where it goes on, a count where it stands still or was set back. It never goes back while the node runs, and never
   * lies before the arrival of an event that was handed over.
   */
  readonly hybrid: { readonly ms: number; readonly count: number };
}

/** State that sites share as a function sees it. */
export interface SharedView {
  /** All that the app declares; with an instance's first batch only. */
  readonly declared?: readonly (readonly [name: string, kind: SharedKind])[];
  /** Canonical JSON of a register; what a counter counts; elements of a set, each with the additions it stands for. */
  readonly changed: readonly (readonly [name: string, key: string, value: string | number | readonly (readonly [text: string, dots: readonly (readonly [slot: string, number: number])[]])[]])[];
}

/** What a function hands back for one batch; the node appends all of it at once or none. */
export interface UnitResult {
  readonly outputs: readonly UnitOutput[];
  /** Changed keys of the unit's state; `null` removes. Values are JSON text. */
  readonly state: readonly { readonly key: string; readonly value: string | null }[];
  /** Parameters fitted in this batch, to be stored as blobs with their provenance. */
  readonly fitted: readonly FittedParameters[];
  /** What it did to state that sites share. */
  readonly shared?: readonly SharedOperation[];
  /** One line for people, for example `learning 212/400`. */
  readonly status: string | undefined;
  /** Duration of each inference in the batch, milliseconds. */
  readonly inferenceMs: readonly number[];
  /** How many of them each model made. */
  readonly inferences?: Readonly<Record<string, number>>;
  /** Of events whose way is followed, or that led to an alarm: each call of a model, the first `limits.traceCallsMax` of a batch. */
  readonly calls?: readonly UnitCall[];
  /** What it cost, where the sandbox can tell. */
  readonly usage?: UnitUsage;
}

/** A model was asked, and answered. */
export interface UnitCall {
  readonly model: string;
  /** Place of the event in the batch. */
  readonly cause: number;
  /** Since the batch began, milliseconds; in an isolate, whose clock stands still meanwhile, as early as it can have been. */
  readonly atMs: number;
  readonly tookMs: number;
  /** The node that answered, where the function's own node asked. */
  readonly by?: string | undefined;
}

/** What a sandbox used for one batch. */
export interface UnitUsage {
  /** Processor time of the function alone, its models apart. */
  readonly processorMs: number;
  /** Memory held at the end of the batch. */
  readonly memoryBytes: number;
}

/** Parameters of one model for one subject, for example of `pca` for pump 7. */
export interface FittedParameters {
  readonly model: string;
  readonly subject: string;
  readonly parameters: Tensors;
  /** What people should know of the fit, for example `rows 400`. */
  readonly note: string;
}

export interface UnitOutput {
  /** One of the types that the unit declares in `emits`; stream and class follow from the declaration, not from the sandbox. */
  readonly type: string;
  readonly subject: string | undefined;
  readonly timeMs: number;
  readonly data: unknown;
  /** Index into the batch of the event that caused it. */
  readonly cause: number;
}

/** A running instance of one function. */
export interface UnitInstance {
  /** One batch at a time. `HOLON_UNIT_THREW`, `HOLON_UNIT_TIMEOUT`, `HOLON_UNIT_DIED`; after any of these the instance is gone. */
  handle(events: readonly UnitEvent[]): Promise<UnitResult>;
  stop(): Promise<void>;
}

export interface UnitProgram {
  readonly name: string;
  /** The bundled module: JavaScript source whose default export is a function definition of the sdk, unless `runtime` says otherwise. */
  readonly code: Uint8Array;
  /** Without it `javascript`. */
  readonly runtime?: UnitRuntime | undefined;
  /** Of what cannot say it itself: WebAssembly and processes. */
  readonly declared?: UnitDeclared | undefined;
  /** Memory of the sandbox; without it `limits.unitMemoryBytes`. */
  readonly memoryBytesMax?: number | undefined;
  /** Of a process: what is started; `$HOLON_MODULE` in it is the path of the code. */
  readonly command?: readonly string[] | undefined;
  /** Of a process: it has the rights of the node where it cannot be confined. */
  readonly unconfined?: boolean | undefined;
  /** Time to load; without it `limits.unitStartMs`. */
  readonly startMs?: number | undefined;
  /** Graphs by model name. Fitted parameters are passed to the session as inputs beside the function's own. */
  readonly models: Readonly<Record<string, Uint8Array>>;
  readonly fitted: readonly FittedParameters[];
  /** Models that the node itself answers for: cascades, and those that are watched. They are not among `models`. */
  readonly served?: ServedModels | undefined;
  /** The unit's durable state, JSON text by key. */
  readonly state: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
  /** Those that its app declares, by name. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
}

export interface ServedModels {
  /** The name of each one's output. */
  readonly outputs: Readonly<Record<string, string>>;
  /** `cause`: place of the event in the batch for which it is asked, where the sandbox says so. `HOLON_MODEL_INPUT_BAD`. */
  decide(model: string, rows: Tensor, cause?: number): Promise<readonly ModelDecision[]>;
}

/** What runs a function: a sandboxed module, WebAssembly with the ABI of docs/concepts/functions.md, a worker of Node (trusted), or a process. */
export type UnitRuntime = (typeof unitRuntimes)[number];

export interface UnitDeclared {
  readonly on: { readonly type: string };
  readonly emits: Emits;
  readonly models: readonly string[];
}

/** Sandboxes for functions. */
export interface Runner {
  /**
   * `HOLON_UNIT_BAD` if the module does not load or is no function. With `first` the instance is handed these very events first, so that
   * a runner may begin with them before it has told that it started.
   */
  start(program: UnitProgram, first?: readonly UnitEvent[]): Promise<UnitInstance>;
}

/** One reading or message from outside, before it is an event. */
export interface Reading {
  readonly type: string;
  readonly subject: string | undefined;
  /** Event time if the device said so, milliseconds since 1970. */
  readonly timeMs: number | undefined;
  readonly data: unknown;
  /** W3C Trace Context, if the device sent one. */
  readonly traceparent?: string | undefined;
}

/** Where a door hands over what came in. */
export interface DoorSink {
  /**
   * Resolves when all readings are on disk: only then may the door acknowledge. `offset` is the source's own position after
   * these readings and is stored in the same append.
   */
  accept(readings: readonly Reading[], offset: string | undefined): Promise<void>;
  /** Where this source stopped last time. */
  readonly offset: string | undefined;
  /**
   * For producers that number their events: goes on with its epoch, or begins anew without one. `replaced` is called when another connection takes its
   * place; with a problem if it may not come back. `HOLON_PRODUCER_FENCED`, `HOLON_PRODUCER_FULL`.
   */
  enterProducer(name: string, epoch: number | undefined, replaced: (problem: HolonError | undefined) => void): Promise<ProducerSession>;
  /** A reading that cannot be parsed: counted and recorded, never dropped in silence. */
  reject(problem: { readonly code: string; readonly message: string; readonly position: string }): Promise<void>;
  /** The source has no more (end of file), or it stopped because of `problem`. */
  ended(problem?: HolonError): void;
}

/** One producer of a bulk door, as the node knows it. */
export interface ProducerSession {
  /** By which it goes on after its connection broke. */
  readonly epoch: number;
  /** Of its last event that is on disk. */
  readonly sequence: number;
  /**
   * Takes a batch frame (`bulk/batch.ts`), which is its caller's again at once; batches may follow before it resolves, with the sequence through which
   * all is on disk. `HOLON_BATCH_BAD`, `HOLON_PRODUCER_GAP`, `HOLON_PRODUCER_FENCED`, and what the log refuses; after any of these it takes no more.
   */
  accept(frame: Uint8Array): Promise<number>;
}

export interface OpenDoor {
  /** Where it listens, if it does. */
  readonly address: string | undefined;
  /** For whoever listens behind the door, if it gives anything: at most once, and to none that cannot keep up. Returns to how many it was handed. */
  give?(topic: string, payload: Uint8Array): number;
  close(): Promise<void>;
}

/** Sources: MQTT, replay, host figures, … */
export interface Door {
  /** `HOLON_SOURCE_…` if the source cannot be opened. */
  open(spec: SourceSpec, sink: DoorSink): Promise<OpenDoor>;
}

export interface HostCapacity {
  readonly processors?: number;
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  /** What it runs on at this moment. */
  readonly powerSource?: "mains" | "battery";
  /** Whether programs can be confined here: processes and images. */
  readonly confines?: boolean;
  /** That the system shows, by kind; none is an empty list. Left out where it does not tell. */
  readonly accelerators?: readonly { readonly model: string; readonly count: number }[];
}

/** Figures of this machine, see `telemetry/host-figures.ts` for the names. */
export interface HostStats {
  /** Levels as they are; shares and rates since the sample before, so that the first has none. */
  sample(): Promise<Readonly<Record<string, number>>>;
  /** What this machine has; of the disk what is free where the node keeps its data. What the system does not tell is left out. */
  capacity(): Promise<HostCapacity>;
  /** Execution providers that the model runtime has here, each tried; undefined where that could not be found out. It takes a second of a processor. */
  providers?(): Promise<readonly string[] | undefined>;
  /** Of this process: processor time since it began, and memory in use. */
  process?(): { readonly processorSeconds: number; readonly memoryBytes: number };
}

/** Secrets of this node, kept beside it: they come with no document and leave with nothing. */
export interface Secrets {
  /** Where people of this machine put them. */
  readonly place?: string | undefined;
  /** Those of the names that are there. `HOLON_SECRETS_EXPOSED` where others could read them too, `HOLON_SECRETS_BAD`. */
  read(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
}

/** The key of the node's site: what publishers sealed to sites is opened by nodes of those sites, and by nobody else. */
export interface Seals {
  /** 32 bytes that follow from the site's key and these words, the same on each node that holds it, and say nothing of the key. `HOLON_SEAL_CLOSED` where this node holds none. */
  derive(words: string): Promise<Uint8Array>;
  /** The plain file. `of` is what it has to be: `app/function/name`. `HOLON_SEAL_CLOSED` where this node holds no key that opens it, `HOLON_SEAL_BAD`. */
  open(sealed: Uint8Array, of: string): Promise<Uint8Array>;
}

/** Who this node is, as far as it can prove it; and who is no longer. Keys stay behind it. */
export interface Identity {
  /** Of the certificate that it shows at present. */
  validity(): Validity | undefined;
  /** Makes the next key and a request for its certificate, signed with the present one; the same request until it was answered. A node with a TPM has that sign too, with control's nonce. `HOLON_IDENTITY_MISSING`, `HOLON_CHIP_LOST`. */
  renewal(challenge?: () => Promise<string>): Promise<Renewal>;
  /** Whether it renews with its TPM only. */
  binding(): Binding;
  /** Under which series of the authority its certificate stands, and which it has heard of; undefined before it has one. */
  seriesHeard(): SeriesHeard | undefined;
  /** Keeps what the authority answered to it, and shows that from now on. `HOLON_IDENTITY_UNTRUSTED` where it does not belong to the request, `HOLON_IDENTITY_SERIES`. */
  adopt(issued: Issued): Promise<void>;
  /** The newest list of the revoked that was heard. */
  revocations(): SignedRevocations | undefined;
  /** Its version; 0 where there is none, or that is of a series that is over. */
  revocationsVersion(): number;
  /** Keeps a newer list and ends the connections of those on it; says whether it was newer. One of a newer series is newer than all before. `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`. */
  revoke(list: SignedRevocations): Promise<boolean>;
  /** Signs with the key of the present certificate. `text` begins with what it is, so that no signature stands for something else. `HOLON_IDENTITY_MISSING`. */
  vouch(text: Uint8Array): Vouched;
}

/** What a certificate is issued for. */
export interface CertificateSubject extends Invited {
  /** Higher than that of every certificate before it. */
  readonly number: number;
  readonly validity: Validity;
}

/** What a request for the next certificate shows of the present one. */
export interface RenewalOf extends CertificateSubject {
  /** SHA-256 of the key that is to be certified, 64 hexadecimal digits. */
  readonly key: string;
  /** The same of the present certificate's key. */
  readonly heldKey: string;
  /** Of the present certificate. */
  readonly series: number;
}

/** The fleet's authority: its keys, behind which control decides. */
export interface Authority {
  /** SHA-256 of the root's certificate, 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** Of the intermediate that signs at present. */
  readonly series: number;
  /** A token for one node, and the public key that its requests are held to. */
  invitation(scope: Invited & { readonly address: string; readonly director?: string | undefined }): Promise<{ readonly invitation: string; readonly key: string; readonly token: string }>;
  /** The new key's SHA-256, where the request is signed by the invitation's key and by its own. `HOLON_IDENTITY_UNTRUSTED`. */
  checkEnrolment(request: Enrolment, key: string): Promise<string>;
  /** Who asks, by a certificate of this authority, whenever that ended. Of an older series it may be the work of a thief: who that is, is the caller's to judge, by the key. `HOLON_IDENTITY_UNTRUSTED`. */
  checkRenewal(request: Renewal): Promise<RenewalOf>;
  issue(csr: string, subject: CertificateSubject): Promise<Issued>;
  /** A nonce that was never asked with before. */
  challenge(): string;
  /** That a TPM signed this, with this nonce, and with the key that is known, if one is. `HOLON_QUOTE_BAD`. */
  checkQuote(quote: Quote, nonce: string, known: string | undefined): void;
  /** That chip and key sign for each other in a request that was checked, where a chip is in it; whose chip it may be, and the nonce, is the caller's to judge. `HOLON_CHIP_REFUSED`. */
  checkChip(request: Enrolment | Renewal): Promise<void>;
  /** Who signed the text, by a certificate of this authority, whenever that ended. `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_SERIES`. */
  checkVouched(text: Uint8Array, vouched: Vouched): Promise<{ readonly node: string; readonly number: number; readonly validity: Validity }>;
  sign(list: RevocationList): Promise<SignedRevocations>;
}

/** Two repositories of signed metadata: what the publisher made, and what the control plane chose of it for each node. A node needs both. */
export type SignedRepository = "images" | "director";

/** What a repository's roles sign of one target. */
export interface SignedTarget {
  /** SHA-256, 64 hexadecimal digits. */
  readonly hash: string;
  readonly lengthBytes: number;
}

export interface TrustQuestion {
  /** What is trusted so far, by file name without version (`root.json`, `timestamp.json`, …); a root at least. */
  readonly trusted: ReadonlyMap<string, Uint8Array>;
  /** Targets to look up in what is trusted afterwards. */
  readonly targets: readonly string[];
  /** Milliseconds since 1970 by which metadata may have expired; without it nothing has. */
  readonly atMs: number | undefined;
  /** A file of what is offered (`2.root.json`, `timestamp.json`, `5.targets.json`, …); undefined where there is none of that name. */
  fetch(file: string, bytesMax: number): Promise<Uint8Array | undefined>;
}

export interface TrustAnswer {
  /** What is trusted from now on, whatever the problem: a root that was verified stays so. */
  readonly trusted: ReadonlyMap<string, Uint8Array>;
  /** Those that were found. */
  readonly targets: ReadonlyMap<string, SignedTarget>;
  /** Version of the targets, and when the first of what is trusted expires, milliseconds since 1970; 0 where nothing but a root is. */
  readonly version: number;
  readonly expiresMs: number;
  /** `HOLON_SIGNATURE_…`: then nothing was found. */
  readonly problem: HolonError | undefined;
}

/** Signed metadata of what may run. Holds no state but the pinned roots; versions never go back from what is trusted. */
export interface Trust {
  /** The root that was pinned on this machine; undefined where none was. */
  pinned(repository: SignedRepository): Promise<Uint8Array | undefined>;
  verify(question: TrustQuestion): Promise<TrustAnswer>;
}

/** The control plane's own signature: what it chose for one node of what publishers signed. */
export interface Director {
  /** All roots from the first on: nodes pin the last of them when they enrol, and follow from there by the rule of The Update Framework. */
  roots(nowMs: number): Promise<readonly Uint8Array[]>;
  /** Files of metadata by name, as nodes ask for them; versions are the document's. */
  sign(choice: { readonly version: number; readonly targets: ReadonlyMap<string, SignedTarget>; readonly nowMs: number }): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Talk for people who diagnose; never payloads. */
export interface Trace {
  note(level: "debug" | "info" | "warn" | "error", message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}

/** A collector of OpenTelemetry, or whatever else takes a POST. */
export interface Collector {
  /** Rejects where nobody answers. */
  post(url: string, contentType: string, body: Uint8Array): Promise<{ readonly status: number; readonly retryAfterMs: number | undefined; readonly body: Uint8Array }>;
}

/** Texts that somebody else keeps up to date: files of this machine, and addresses. */
export interface Feeds {
  /** The text, unpacked where it is gzip. At `limits.curveBytesMax`: refused. Rejects where it cannot be read. */
  read(source: ReadSource): Promise<string>;
}

/** Hands alerts to people and their systems. */
export interface Notifier {
  /** What is wrong for good (`refused`) is not tried again. Rejects where nobody answers. */
  send(to: WebhookTarget | MailTarget, message: NotifierMessage): Promise<NotifierAnswer>;
}

export interface NotifierMessage {
  /** The same for the same message, however often it is sent: who got it before need do nothing. */
  readonly key: string;
  /** A line for people. */
  readonly subject: string;
  readonly text: string;
  /** For programs: JSON. */
  readonly body: string;
}

/** `why` of what was taken: what of it was not, for people. `left`: recipients for whom it may be taken later. */
export type NotifierAnswer = { readonly outcome: "taken"; readonly why?: string; readonly left?: readonly string[] } | { readonly outcome: "later"; readonly why: string; readonly afterMs?: number | undefined } | { readonly outcome: "refused"; readonly why: string };

/** Lines of a node's own log that outlive it. What a crash may take is the last moment of them. */
export interface LineKeeper {
  /** Those of earlier lives that are still there, oldest first. */
  read(): Promise<readonly string[]>;
  /** Never fails, never waits: a disk that takes no more takes no lines. */
  write(lines: readonly string[]): void;
}

/** A program that was started for somebody far away. */
export interface CommandOutcome {
  /** Null where a signal or its time ended it. */
  readonly exitCode: number | null;
  readonly ended: "itself" | "time" | "output";
  /** Both of its outputs, as they came. */
  readonly output: string;
}

/** A shell for somebody far away. */
export interface OpenShell {
  /** `HOLON_SHELL_ENDED`. */
  write(text: string): void;
  /** What it has said since the last time; the shell waits while too much of it is not read. */
  read(): string;
  isOpen(): boolean;
  /** Calls back once, when there is something to read, or it ended. */
  onChange(listener: () => void): void;
  close(): void;
}

/** What a machine tells and does for whoever looks for a fault in it. */
export interface Diagnostics {
  /** Versions, times, memory, processors: figures and short words, none of which is a secret. */
  facts(): Promise<Readonly<Record<string, string | number | boolean>>>;
  /** Every secret that lies in the node's own files, and those of its machine that it can read: to be looked for in what is told. */
  secrets(): Promise<readonly string[]>;
  /** Commands that every machine of this kind has. */
  readonly commands: readonly DeclaredCommand[];
  /** `HOLON_COMMAND_FAILED` where it cannot be started. */
  run(line: CommandLine): Promise<CommandOutcome>;
  /** Where this process spends its time, as JSON of the inspector (`.cpuprofile`). */
  profile(milliseconds: number): Promise<string>;
  /** Ed25519; keys and signatures in base64. */
  verify(publicKey: string, message: Uint8Array, signature: string): boolean;
  /** To an X25519 key in base64 (HPKE, RFC 9180): what the bytes are about goes with them, unsealed. */
  seal(boxKey: string, about: Uint8Array, bytes: Uint8Array): { readonly enc: string; readonly sealed: string };
  /** `HOLON_COMMAND_FAILED`. */
  shell(): OpenShell;
}

/** Everything one node is given. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly net: Net;
  readonly discovery: Discovery;
  readonly crypto: Crypto;
  readonly codec: Codec;
  /** Without it the log is not encrypted, and never was. */
  readonly cipher?: Cipher | undefined;
  readonly model: Model;
  readonly runner: Runner;
  readonly door: Door;
  readonly secrets: Secrets;
  /** Without it nothing that is sealed runs. */
  readonly seals?: Seals | undefined;
  /** Without it control knows of this machine what its configuration declares. */
  readonly host?: HostStats;
  /** Without it only events bring curves of carbon and price. */
  readonly feeds?: Feeds | undefined;
  /** Without it nothing is sent to one, whatever the configuration says. */
  readonly collector?: Collector;
  /** Without it nobody is told of alerts, whatever the configuration says. */
  readonly notifier?: Notifier | undefined;
  /** Without it nothing that runs is asked for a signature. */
  readonly trust?: Trust;
  /** Of a node that carries the control plane. */
  readonly director?: Director;
  readonly trace: Trace;
  /** A name of this life of the machine, another one after each start of its system; undefined where nothing gives it one. */
  readonly life?: string | undefined;
  /** Without it lines of the node's own log are in memory alone. */
  readonly lines?: LineKeeper | undefined;
  /** Without it nobody far away runs anything here. */
  readonly diagnostics?: Diagnostics | undefined;
  /** Without it nothing is measured. */
  readonly measurer?: Measurer | undefined;
  /** Without it nobody can be sure of what it measures. */
  readonly attestor?: Attestor | undefined;
  /** Without it connections are what the network says they are, and nothing is renewed. */
  readonly identity?: Identity | undefined;
  /** Where control runs. */
  readonly authority?: Authority | undefined;
  /** Only where control runs. */
  readonly credentials?: Credentials | undefined;
  /** Where control runs and one is configured. */
  readonly provider?: IdentityProvider | undefined;
}
