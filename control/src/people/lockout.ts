/**
 * Who has to wait before a password is looked at. Whoever guesses at a name locks it for his own address, and not for its owner's: a name as such is never locked. From addresses that it never
 * logged in from it becomes slow, one try in a while, since guesses may come from everywhere; where it did, nothing of that is noticed (device cookies, OWASP, by address in place of a cookie). In
 * monotonic time, so that no clock that is set lets anybody in or keeps anybody out. A name that nobody has is counted like any other; those that somebody has never wait because there are too many of them.
 *
 * The address of this machine is that of all who are on it, and of all who come through a proxy on it: it is not counted for all names, and its lock for one name does not grow.
 *
 *     counting ─▶ too many ─▶ locked ─▶ one more try ─▶ locked for twice as long … ─▶ forgotten, long after the last failure
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";

export interface Lock {
  readonly of: "name" | "address";
  readonly forMs: number;
}

/** One password that is being looked at. Exactly one of these is called, once. */
export interface Attempt {
  /** What is locked because of it. */
  failed(): readonly Lock[];
  succeeded(): void;
  /** Nothing was found out. */
  dropped(): void;
}

/** Who tries. */
export interface Try {
  readonly name: string;
  readonly address: string;
  /** Somebody has the name. */
  readonly isKnown?: boolean;
  /** The name logged in from this address before. */
  readonly isFamiliar?: boolean;
  /** Of who is logged in already: what others do at the same address is not theirs. */
  readonly session?: string;
}

export interface Lockout {
  /** `HOLON_LOGIN_LOCKED`, with the time to wait. */
  begin(tried: Try): Attempt;
  /** A new password was set for the name: what was tried with the one before counts no more. What addresses tried with other names does. */
  free(name: string): void;
}

interface Count {
  failures: number;
  underWay: number;
  locks: number;
  lockedUntilMs: number;
  lastMs: number;
  /** It is counted by itself at any bound. */
  isOwn: boolean;
}

export function createLockout(nowMs: () => number): Lockout {
  const { loginFailuresOfName, loginFailuresOfAddress, loginFailuresAnywhere, loginLockMs, loginLockMsMax } = limits;
  const names = new Counts(nowMs, loginFailuresAnywhere, loginLockMs);
  const addresses = new Counts(nowMs, loginFailuresOfAddress, loginLockMsMax);
  const pairs = new Counts(nowMs, loginFailuresOfName, loginLockMsMax);
  const shared = new Counts(nowMs, loginFailuresOfName, loginLockMs);
  return {
    begin({ name, address, isKnown = false, isFamiliar = false, session }) {
      const isMachine = isOfMachine(address);
      const asked: readonly (readonly [Counts, Count, Lock["of"]])[] = [
        ...(session === undefined ? [] : [[pairs, pairs.of(pairOf(name, `session ${session}`), true), "name"] as const]),
        ...(session === undefined ? [isMachine ? [shared, shared.of(pairOf(name, ""), isKnown), "name"] as const : [pairs, pairs.of(pairOf(name, address), isFamiliar, true), "name"] as const] : []),
        ...(session === undefined && !isFamiliar ? [[names, names.of(name, isKnown), "name"] as const] : []),
        ...(session === undefined && !isMachine ? [[addresses, addresses.of(address), "address"] as const] : []),
      ];
      const waitMs = Math.max(...asked.map(([counts, count]) => counts.waitMs(count)));
      if (waitMs > 0) throw new HolonError("HOLON_LOGIN_LOCKED", `no password is looked at for ${Math.ceil(waitMs / 1000)} s: too many were wrong`, { retryAfterMs: waitMs });
      const done = (): void => asked.forEach(([, count]) => (count.underWay -= 1));
      for (const [, count] of asked) count.underWay += 1;
      return {
        failed() {
          done();
          const locks = asked.map(([counts, count, of]): Lock => ({ of, forMs: counts.failed(count) })).filter(({ forMs }) => forMs > 0);
          // One for each kind: that it is slow elsewhere as well is no news to who is locked here.
          return locks.filter((lock, index) => locks.findIndex(({ of }) => of === lock.of) === index);
        },
        // What an address did otherwise stays counted, and what a name was tried with elsewhere: one password of one's own is no pardon for guesses.
        succeeded() {
          done();
          if (session !== undefined) pairs.forget(pairOf(name, `session ${session}`));
          else if (isMachine) shared.forget(pairOf(name, ""));
          else pairs.forget(pairOf(name, address));
        },
        dropped: done,
      };
    },
    free(name) {
      names.forget(name);
      for (const counts of [pairs, shared]) counts.forgetAll((key) => key.startsWith(pairOf(name, "")));
    },
  };
}

const pairOf = (name: string, address: string): string => `${name}\n${address}`;

class Counts {
  readonly #nowMs: () => number;
  readonly #failuresMax: number;
  readonly #lockMsMax: number;
  readonly #counts = new Map<string, Count>();

  constructor(nowMs: () => number, failuresMax: number, lockMsMax: number) {
    this.#nowMs = nowMs;
    this.#failuresMax = failuresMax;
    this.#lockMsMax = lockMsMax;
  }

  /** `isOwn`: it is counted by itself at any bound. `isElse`: somebody else counts it too, so that where nothing can be let go of it need not be counted here. */
  of(key: string, isOwn = false, isElse = false): Count {
    const known = this.#counts.get(key);
    if (known !== undefined && !this.#isOver(known)) return known;
    const isFull = known === undefined && !isOwn && this.#counts.size >= limits.loginCountedMax && !this.#makeRoom();
    if (isFull && isElse) return uncounted();
    const place = isFull ? rest : key;
    const count = (place === rest ? this.#counts.get(rest) : undefined) ?? { ...uncounted(), underWay: known?.underWay ?? 0, lastMs: this.#nowMs(), isOwn };
    this.#counts.set(place, count);
    return count;
  }

  waitMs({ failures, underWay, lockedUntilMs }: Count): number {
    const leftMs = lockedUntilMs - this.#nowMs();
    if (leftMs > 0) return leftMs;
    return failures + underWay >= this.#failuresMax ? momentMs : 0; // others are looked at that may be one too many
  }

  /** For how long it is locked now. */
  failed(count: Count): number {
    count.failures += 1;
    count.lastMs = this.#nowMs();
    if (count.failures < this.#failuresMax) return 0;
    const forMs = Math.min(limits.loginLockMs * 2 ** count.locks, this.#lockMsMax);
    count.lockedUntilMs = this.#nowMs() + forMs;
    count.locks += 1;
    count.failures = this.#failuresMax - 1;
    return forMs;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }

  forgetAll(accepts: (key: string) => boolean): void {
    for (const key of this.#counts.keys()) if (accepts(key)) this.forget(key);
  }

  #isOver({ underWay, lastMs, lockedUntilMs }: Count): boolean {
    return underWay === 0 && this.#nowMs() >= Math.max(lastMs, lockedUntilMs) + limits.loginLockMsMax;
  }

  /** Lets go of what is over, else of the oldest that is not locked: what is new is counted like what somebody has, so that the answers to both are alike. */
  #makeRoom(): boolean {
    for (const [key, count] of this.#counts) if (this.#isOver(count)) this.#counts.delete(key);
    if (this.#counts.size < limits.loginCountedMax) return true;
    const nowMs = this.#nowMs();
    const oldest = [...this.#counts].find(([key, { isOwn, underWay, lockedUntilMs }]) => key !== rest && !isOwn && underWay === 0 && lockedUntilMs <= nowMs);
    return oldest !== undefined && this.#counts.delete(oldest[0]);
  }
}

const uncounted = (): Count => ({ failures: 0, underWay: 0, locks: 0, lockedUntilMs: 0, lastMs: 0, isOwn: false });
const isOfMachine = (address: string): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address);

/** No name and no address. */
const rest = "";
const momentMs = 1_000;
