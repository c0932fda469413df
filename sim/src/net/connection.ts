/**
 * One end of a simulated connection, and the way to the other end.
 *
 *   send -> [leaves at the line's rate] -> [latency, losses] -> arrive -> (path open? both ends alive?) -> receiver's handler
 *
 * Invariants:
 * - Frames arrive in the order in which they were sent, each once, or the connection is closed; but for a net in disorder.
 * - What meets a cut path is held, as TCP would send it again, until the path heals or the sender gives up.
 * - An end that vanished (power cut, forgotten by a reboot) tells nobody: the other end learns of it from silence, or from the
 *   reset that its next frame meets once the machine is up again.
 */
import { crc32 } from "node:zlib";
import { assert } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { draw } from "../distribution.ts";
import type { Incarnation } from "../incarnation.ts";
import type { SimNet } from "../net.ts";

type Handlers = Parameters<Connection["receive"]>[0];

/** What travels: a frame, or the end of the connection with its reason. */
type Parcel = Uint8Array | { readonly reason: string };

/** Bytes of TLS record, WebSocket header and mask beside each frame, roughly. */
const frameOverheadBytes = 36;
/** Bytes of a mutual TLS 1.3 handshake and WebSocket upgrade, each way, roughly. */
const handshakeBytes = 2_400;

export class ConnectionEnd implements Connection {
  /** The name that the other end proves. */
  readonly peer: NodeName;
  readonly tier?: string;
  /** The machine at the other end. */
  readonly machine: NodeName;
  readonly #net: SimNet;
  readonly #owner: Incarnation;
  #other: ConnectionEnd | undefined;
  #handlers: Handlers | undefined;
  /** What came before the handlers were set. */
  #early: Parcel[] = [];
  #state: "open" | "closing" | "closed" = "open";
  #sentBytes = handshakeBytes;
  #receivedBytes = handshakeBytes;
  /** When the line has taken all that was sent, and when the last of it arrives. */
  #lineFreeMs = 0;
  #lastArrivalMs = 0;
  /** Frames that the line has not taken yet. */
  #queue: { readonly startMs: number; readonly leavesMs: number; readonly bytes: number }[] = [];
  /** What met a cut path, in order. */
  #held: Parcel[] = [];
  #heldBytes = 0;
  /** The present stretch of holding, so that giving up on an earlier one does not end this one. */
  #holding: object | undefined;
  #draining = false;

  constructor(net: SimNet, owner: Incarnation, other: Incarnation) {
    this.#net = net;
    this.#owner = owner;
    this.peer = other.proves;
    const tier = other.identity.passport?.tier;
    if (tier !== undefined) this.tier = tier;
    this.machine = other.name;
  }

  static pair(net: SimNet, one: Incarnation, two: Incarnation): readonly [ConnectionEnd, ConnectionEnd] {
    const first = new ConnectionEnd(net, one, two);
    const second = new ConnectionEnd(net, two, one);
    first.#other = second;
    second.#other = first;
    return [first, second];
  }

  send(frame: Uint8Array): void {
    assert(frame.length <= limits.frameBytesMax, `a frame of ${frame.length} bytes is over the limit`);
    const index = this.#owner.enter("net.send", frame.length, crc32(frame));
    if (index === 0 || this.#state !== "open") return;
    this.#net.tap?.({ from: this.#owner.name, to: this.machine, frame, end: this });
    this.#sentBytes += frame.length + frameOverheadBytes;
    this.#travel(frame, frame.length + frameOverheadBytes);
    this.#owner.leave(index, "net.send");
  }

  queuedBytes(): number {
    const { nowMs } = this.#net.world;
    const taken = this.#queue.findIndex(({ leavesMs }) => leavesMs > nowMs);
    this.#queue.splice(0, taken === -1 ? this.#queue.length : taken);
    return this.#queue.reduce((sum, { bytes }) => sum + bytes, this.#heldBytes);
  }

  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return { sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes + (this.#other === undefined ? 0 : this.#other.#comingBytes()) };
  }

  /** What the other end's system has of the frame that is on the line now. */
  #comingBytes(): number {
    const { nowMs } = this.#net.world;
    if (this.#state !== "open" || !this.#owner.alive || this.#held.length > 0 || !this.#isPathOpen()) return 0;
    const frame = this.#queue.find(({ leavesMs }) => leavesMs > nowMs);
    return frame === undefined || frame.startMs >= nowMs ? 0 : Math.floor((frame.bytes * (nowMs - frame.startMs)) / (frame.leavesMs - frame.startMs));
  }

  receive(handlers: Handlers): void {
    this.#handlers = handlers;
    if (this.#early.length === 0) return;
    const early = this.#early;
    this.#early = [];
    // Not from inside the caller's own call: a network calls back later.
    for (const parcel of early) this.#net.world.after(0, () => this.#hand(parcel));
  }

  close(reason: string): void {
    const index = this.#owner.enter("net.close");
    if (index === 0 || this.#state !== "open") return;
    this.#state = "closing";
    this.#travel({ reason }, frameOverheadBytes);
    this.#net.world.after(0, () => this.#end(reason));
    this.#owner.leave(index, "net.close");
  }

  /** The machine lost power or forgot the connection: nothing is sent, nobody is told. */
  vanish(): void {
    this.#state = "closed";
    this.#early = [];
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** The process died and its system closed the socket: the other end is told, if the path lets it. */
  abort(): void {
    this.vanish();
    this.#resetOther();
  }

  /** Something on the way, or the system, ended the connection at this end. */
  reset(reason: string): void {
    if (this.#state === "closed") return;
    this.#end(reason);
  }

  /** The path to the other end was healed: what is held goes on, after the sender's next try. */
  pathHealed(): void {
    if (this.#held.length === 0 || this.#draining) return;
    this.#draining = true;
    this.#net.world.after(this.#net.random.exponential(this.#profile().retransmitMs), () => this.#drain());
  }

  get ownerName(): NodeName {
    return this.#owner.name;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  #profile() {
    return this.#net.profileOf(this.#owner.name, this.machine, this.#net.world.nowMs);
  }

  #travel(parcel: Parcel, bytes: number): void {
    const { world, random } = this.#net;
    const profile = this.#profile();
    const startMs = Math.max(world.nowMs, this.#lineFreeMs);
    this.#lineFreeMs = profile.rate === undefined ? startMs + bytes / profile.bytesPerMs : profile.rate.leavesMs(startMs, bytes);
    if (this.#queue.length > 64) this.queuedBytes();
    this.#queue.push({ startMs, leavesMs: this.#lineFreeMs, bytes });
    const late = random.chance(profile.lossChance) ? random.exponential(profile.retransmitMs) : 0;
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#lineFreeMs + draw(profile.latency, random) + late);
    if (parcel instanceof Uint8Array) this.#arriveInDisorder(parcel);
    else world.at(this.#lastArrivalMs, () => this.#arrive(parcel));
    this.#net.queued?.(this.#owner.name, this.peer, this.queuedBytes());
    if (random.chance(profile.resetChance)) world.at(this.#lastArrivalMs, () => this.#resetBoth());
  }

  #arriveInDisorder(frame: Uint8Array): void {
    const { world, random, disorder } = this.#net;
    const again = random.chance(disorder.duplicateChance);
    const lateMs = random.chance(disorder.lateChance) ? random.exponential(this.#profile().retransmitMs) : 0;
    world.at(this.#lastArrivalMs + lateMs, () => this.#arrive(frame));
    if (again) world.at(this.#lastArrivalMs + random.exponential(this.#profile().retransmitMs), () => this.#arrive(frame));
  }

  #arrive(parcel: Parcel): void {
    if (this.#held.length === 0 && this.#isPathOpen()) {
      this.#deliver(parcel);
      return;
    }
    // A sender that has closed still lets its system push out what it sent; one that vanished does not.
    if (this.#state === "closed" && !this.#owner.alive) return;
    if (this.#held.length === 0) this.#giveUpLater();
    this.#held.push(parcel);
    this.#heldBytes += sizeOf(parcel);
  }

  /** One parcel an event, so that the receiver's code comes to rest between two. */
  #drain(): void {
    const parcel = this.#isPathOpen() ? this.#held.shift() : undefined;
    if (parcel === undefined) {
      this.#draining = false;
      return;
    }
    this.#heldBytes -= sizeOf(parcel);
    this.#deliver(parcel);
    this.#net.world.after(0, () => this.#drain());
  }

  #isPathOpen(): boolean {
    return this.#net.isReachable(this.#owner.name, this.machine);
  }

  #giveUpLater(): void {
    const { world, random } = this.#net;
    const first = {};
    this.#holding = first;
    world.after(this.#profile().giveUpMs * random.between(0.5, 1.5), () => {
      if (this.#holding !== first || this.#held.length === 0) return;
      this.#held = [];
      this.#heldBytes = 0;
      this.reset("the peer did not acknowledge in time");
    });
  }

  #deliver(parcel: Parcel): void {
    const other = this.#other;
    if (other === undefined) return;
    if (other.#state === "closed") {
      // The receiving system knows no such connection and says so.
      if (this.#state === "open") this.#resetHereLater();
      return;
    }
    other.#receivedBytes += sizeOf(parcel) + frameOverheadBytes;
    other.#hand(parcel);
  }

  #hand(parcel: Parcel): void {
    if (!this.#owner.alive || this.#state !== "open") return;
    if (this.#owner.isFrozen) return this.#owner.reach(() => this.#hand(parcel));
    if (this.#handlers === undefined || this.#early.length > 0) {
      this.#early.push(parcel);
      return;
    }
    if (!(parcel instanceof Uint8Array)) {
      this.#end(parcel.reason);
      return;
    }
    this.#net.world.note(this.#owner.identity.number, "frameArrived", parcel.length);
    // A copy: on a real network the two ends share no memory.
    this.#handlers.frame(parcel.slice());
  }

  #end(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#net.forget(this);
    if (!this.#owner.alive) return;
    this.#owner.reach(() => {
      this.#net.world.note(this.#owner.identity.number, "connectionClosed");
      this.#handlers?.closed(reason);
    });
  }

  #resetHereLater(): void {
    const { world, random } = this.#net;
    world.after(draw(this.#profile().latency, random), () => {
      if (this.#isPathOpen()) this.reset("the peer reset the connection");
    });
  }

  #resetOther(): void {
    const { world, random } = this.#net;
    world.after(draw(this.#profile().latency, random), () => {
      if (this.#isPathOpen()) this.#other?.reset("the peer reset the connection");
    });
  }

  #resetBoth(): void {
    this.reset("the connection was reset on the way");
    this.#other?.reset("the connection was reset on the way");
  }
}

const sizeOf = (parcel: Parcel): number => (parcel instanceof Uint8Array ? parcel.length : 0);
