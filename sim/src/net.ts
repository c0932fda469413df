import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { identityMethods, issuedSchema } from "@holon/core/identity/messages.ts";
import type { Connection, Listener, Lobby, Net, TurnedAway } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { draw } from "./distribution.ts";
import type { Passport } from "./identity.ts";
import type { Incarnation } from "./incarnation.ts";
import { wideAreaLine, type ProfileOf } from "./net/link-profile.ts";
import { ConnectionEnd } from "./net/connection.ts";
import type { Announcer } from "./discovery.ts";
import { NetPaths } from "./net/paths.ts";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

interface OpenListener {
  readonly owner: Incarnation;
  readonly accepted: (connection: Connection) => void;
  readonly lobby: Lobby | undefined;
}

/** A frame as it is handed to the network, before any transport security: its plaintext. */
export interface TappedFrame {
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array;
  /** The connection's end that sends it. */
  readonly end: object;
}

/** What no network should do with frames of one connection, and a proxy between that is out of order does. */
export interface Disorder {
  /** Probability that a frame arrives a second time. */
  duplicateChance: number;
  /** Probability that a frame comes late, and those behind it do not wait. */
  lateChance: number;
}

export interface SimNetOptions {
  readonly profileOf?: ProfileOf;
  /** Probability that a connect which cannot get through hangs until its time-out, instead of failing at once. */
  readonly hangChance?: number;
  readonly connectTimeoutMs?: number;
}

/** The network between all nodes of a world. */
export class SimNet {
  readonly world: World;
  readonly random: SeededRandom;
  readonly profileOf: ProfileOf;
  /** Sees every frame's plaintext as it is sent. */
  tap: ((frame: TappedFrame) => void) | undefined;
  /** Ends with `healAll`. */
  readonly disorder: Disorder = { duplicateChance: 0, lateChance: 0 };
  /** Hears after each frame how many bytes its sender has queued and the line has not taken. */
  queued: ((from: string, to: string, bytes: number) => void) | undefined;
  readonly #paths = new NetPaths();
  readonly #listeners = new Map<string, OpenListener>();
  /** Who announces itself at present. */
  readonly announcers = new Set<Announcer>();
  readonly #ends = new Map<string, Set<ConnectionEnd>>();
  /** By machine, where certificates have dates. */
  readonly #passports = new Map<string, Passport>();
  /** Machines with power. */
  readonly #up = new Set<string>();
  readonly #hangChance: number;
  readonly #connectTimeoutMs: number;
  #nextPort = 49_152;

  constructor(world: World, options: SimNetOptions = {}) {
    this.world = world;
    this.random = world.random.fork("net");
    this.profileOf = options.profileOf ?? (() => wideAreaLine);
    this.#hangChance = options.hangChance ?? 0.5;
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
  }

  /** The net port of one incarnation; from now on its machine has power. */
  portFor(incarnation: Incarnation): Net {
    this.#up.add(incarnation.name);
    const { passport } = incarnation.identity;
    if (passport !== undefined) {
      this.#passports.set(incarnation.name, passport);
      passport.refusesMore = () => this.#endRefused(incarnation.name, passport);
    }
    return {
      listen: (address, accepted, lobby) => incarnation.call("net.listen", 0.05, () => this.#listen(incarnation, address, accepted, lobby)),
      connect: (address, expected, turnedAway) => this.#connect(incarnation, address, expected, turnedAway),
    };
  }

  #endRefused(name: string, passport: Passport): void {
    for (const end of [...(this.#ends.get(name) ?? [])]) {
      const peer = this.#passports.get(end.machine);
      const refusal = peer === undefined ? undefined : passport.refusal(peer);
      if (refusal !== undefined) end.close(refusal.code);
    }
  }

  /** Whether frames from one node now reach the other's machine. */
  isReachable(from: string, to: string): boolean {
    return this.#up.has(to) && this.#paths.isOpen(from, to);
  }

  /** Cuts both ways between two nodes. With `reset`, both ends notice at once, as when an interface goes down. */
  cut(one: string, two: string, options: { readonly reset?: boolean } = {}): void {
    this.cutOneWay(one, two);
    this.cutOneWay(two, one);
    if (options.reset !== true) return;
    for (const end of this.#endsBetween(one, two)) end.reset("the network is down");
  }

  /** Cuts the way from one node to another; the way back stays open. */
  cutOneWay(from: string, to: string): void {
    this.#paths.cut(from, to);
    this.world.note(0, "pathCut");
  }

  heal(one: string, two: string): void {
    this.#paths.heal(one, two);
    this.#paths.heal(two, one);
    this.#healed(this.#endsBetween(one, two));
  }

  /** Cuts a node off from everybody. */
  isolate(node: string): void {
    this.#paths.isolate(node);
    this.world.note(0, "pathCut");
  }

  rejoin(node: string): void {
    this.#paths.rejoin(node);
    this.#healed(this.#allEnds());
  }

  healAll(): void {
    Object.assign(this.disorder, { duplicateChance: 0, lateChance: 0 });
    this.#paths.healAll();
    this.#healed(this.#allEnds());
  }

  /**
   * An incarnation is over. After a power cut the machine is silent until it boots again; after a mere end of the process its
   * system goes on answering, and resets what the process left open.
   */
  ended(incarnation: Incarnation, how: "power" | "process"): void {
    const { name } = incarnation;
    for (const [address, listener] of this.#listeners) if (listener.owner === incarnation) this.#listeners.delete(address);
    const ends = this.#ends.get(name);
    this.#ends.delete(name);
    if (how === "power") this.#up.delete(name);
    for (const end of ends ?? []) {
      if (how === "power") end.vanish();
      else end.abort();
    }
  }

  /** The machine answers again; what others still hold for it goes on. */
  poweredOn(name: string): void {
    this.#up.add(name);
    this.#healed([...this.#allEnds()].filter((end) => end.machine === name));
  }

  /** An end that is closed. */
  forget(end: ConnectionEnd): void {
    this.#ends.get(end.ownerName)?.delete(end);
  }

  #healed(ends: Iterable<ConnectionEnd>): void {
    this.world.note(0, "pathHealed");
    for (const end of ends) end.pathHealed();
  }

  *#allEnds(): Generator<ConnectionEnd> {
    for (const ends of this.#ends.values()) yield* ends;
  }

  #endsBetween(one: string, two: string): readonly ConnectionEnd[] {
    const from = (name: string, peer: string) => [...(this.#ends.get(name) ?? [])].filter((end) => end.machine === peer);
    return [...from(one, two), ...from(two, one)];
  }

  #listen(owner: Incarnation, wanted: string, accepted: (connection: Connection) => void, lobby: Lobby | undefined): Listener {
    const place = placeOf(wanted).replace(/:0$/, () => `:${this.#nextPort++}`);
    if (this.#listeners.has(place)) throw new HolonError("HOLON_PORT_TAKEN", `${wanted} is in use`);
    const listener: OpenListener = { owner, accepted, lobby };
    this.#listeners.set(place, listener);
    return {
      address: `wss://${place}`,
      close: () =>
        owner.call("net.unlisten", 0.05, () => {
          if (this.#listeners.get(place) === listener) this.#listeners.delete(place);
        }),
    };
  }

  #connect(from: Incarnation, address: string, expected?: NodeName, turnedAway?: (who: TurnedAway) => void): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const index = from.enter("net.connect");
      if (index === 0) return;
      const settle = (act: () => void): void => {
        from.reach(() => void (from.leave(index, "net.connect") && act()));
      };
      const fail = (afterMs: number, why: string): void => {
        this.world.after(afterMs, () => settle(() => reject(new HolonError("HOLON_LINK_UNREACHABLE", `${address} ${why}`))));
      };
      const listener = this.#listeners.get(placeOf(address));
      const to = listener?.owner.name;
      if (to === undefined || !this.isReachable(from.name, to) || !this.isReachable(to, from.name)) {
        if (this.random.chance(this.#hangChance)) fail(this.#connectTimeoutMs, "did not answer in time");
        else fail(this.random.between(1, 50), "cannot be reached");
        return;
      }
      const roundTripMs = () => draw(this.profileOf(from.name, to, this.world.nowMs).latency, this.random) + draw(this.profileOf(to, from.name, this.world.nowMs).latency, this.random);
      // TCP, TLS 1.3 and the WebSocket upgrade take one round trip each.
      this.world.after(roundTripMs() + roundTripMs() + roundTripMs(), () => {
        const current = this.#listeners.get(placeOf(address));
        if (!from.alive) return;
        if (current === undefined || !current.owner.alive || current.owner.isFrozen || !this.isReachable(from.name, to) || !this.isReachable(to, from.name)) {
          fail(this.#connectTimeoutMs, "did not answer in time");
          return;
        }
        const proven = current.owner.proves;
        const refuse = (error: HolonError, who: Pick<TurnedAway, "proved" | "claimed">): void => {
          turnedAway?.({ code: error.code, message: error.message, ...who });
          reject(error);
        };
        const judged = refusedByDialler(from, current.owner);
        if (judged !== undefined) return settle(() => refuse(judged, { proved: judged.code === "HOLON_IDENTITY_SERIES" ? undefined : proven, claimed: proven }));
        if (expected !== undefined && expected !== proven) return settle(() => refuse(new HolonError("HOLON_LINK_REFUSED", `${address} proves to be ${proven}, not ${expected}`), { proved: proven, claimed: undefined }));
        if (from.identity.passport === undefined) return settle(() => resolve(this.#join(from, current)));
        this.#admitted(from, current).then(
          () => settle(() => resolve(this.#join(from, current))),
          (error: unknown) => settle(() => reject(error)),
        );
      });
    });
  }

  /** Who dials has looked at the listener's certificate. Who is beyond its date, or of a series that is over, asks there for the next one, and comes in with it. */
  async #admitted(from: Incarnation, { owner, lobby }: OpenListener): Promise<void> {
    const [dialler, judge] = [from.identity.passport, owner.identity.passport];
    if (dialler === undefined || judge === undefined) return;
    judge.learn(dialler.series);
    const refusal = judge.refusal(dialler);
    if (refusal !== undefined) owner.reach(() => lobby?.turnedAway({ code: refusal.code, message: refusal.message, proved: refusal.code === "HOLON_IDENTITY_SERIES" ? undefined : dialler.node, claimed: from.name }));
    if (refusal !== undefined && (refusal.code !== "HOLON_IDENTITY_SERIES" || lobby === undefined)) throw refusal;
    if (refusal === undefined && (lobby?.reachesAuthority() !== true || !judge.seesExpired(dialler))) return;
    await dialler.adopt(issuedSchema.parse(await lobby?.ask(identityMethods.renew, await dialler.renewal())));
    judge.requireValid(dialler);
    if (lobby?.reachesAuthority() === true && judge.seesExpired(dialler)) throw new HolonError("HOLON_IDENTITY_EXPIRED", `${judge.node} does not take ${dialler.node}: its certificate is beyond its date`);
  }

  /** Both ends exist from now on; the listener hears of it first, as its side ends the handshake. */
  #join(from: Incarnation, listener: OpenListener): Connection {
    const [near, far] = ConnectionEnd.pair(this, from, listener.owner);
    this.#remember(near);
    this.#remember(far);
    this.world.after(0, () => {
      if (!listener.owner.alive || far.isClosed) return;
      listener.owner.reach(() => {
        this.world.note(listener.owner.identity.number, "accepted");
        listener.accepted(far);
      });
    });
    return near;
  }

  #remember(end: ConnectionEnd): void {
    const ends = this.#ends.get(end.ownerName);
    if (ends === undefined) this.#ends.set(end.ownerName, new Set([end]));
    else ends.add(end);
  }
}

/** What who dials finds wrong with the listener's certificate. */
function refusedByDialler(from: Incarnation, listener: Incarnation): HolonError | undefined {
  const [dialler, shown] = [from.identity.passport, listener.identity.passport];
  if (dialler === undefined || shown === undefined) return undefined;
  try {
    dialler.requireValid(shown);
    return undefined;
  } catch (error) {
    return toHolonError(error);
  }
}

/** `wss://edge-1:7401/` and `edge-1:7401` are the same place. */
const placeOf = (address: string): string => address.replace(/^[a-z]+:\/\//, "").replace(/\/.*$/, "");
