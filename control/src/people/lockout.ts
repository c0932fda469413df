/**
 * Who has to wait before a password is looked at: each name and each address that had too many wrong ones. In monotonic time, so that no clock that is set lets anybody in
 * or keeps anybody out. A name that nobody has is counted like any other; those that somebody has never wait because there are too many of them.
 *
 * The address of this machine is that of all who are on it, and of all who come through a proxy on it: it is not counted, or one of them would lock out the others.
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

export interface Lockout {
  /** `isKnown`: somebody has the name. `HOLON_LOGIN_LOCKED`, with the time to wait. */
  begin(name: string, address: string, isKnown?: boolean): Attempt;
  /** A new password was set for the name: whoever has it need not wait for what others tried. */
  free(name: string): void;
}

interface Count {
  failures: number;
  underWay: number;
  locks: number;
  lockedUntilMs: number;
  lastMs: number;
}

export function createLockout(nowMs: () => number): Lockout {
  const names = new Counts(nowMs, limits.loginFailuresOfName);
  const addresses = new Counts(nowMs, limits.loginFailuresOfAddress);
  return {
    begin(name, address, isKnown = false) {
      const [ofName, ofAddress] = [names.of(name, isKnown), isOfMachine(address) ? uncounted() : addresses.of(address)];
      const waitMs = Math.max(names.waitMs(ofName), addresses.waitMs(ofAddress));
      if (waitMs > 0) throw new HolonError("HOLON_LOGIN_LOCKED", `no password is looked at for ${Math.ceil(waitMs / 1000)} s: too many were wrong`, { retryAfterMs: waitMs });
      const done = (): void => [ofName, ofAddress].forEach((count) => (count.underWay -= 1));
      ofName.underWay += 1;
      ofAddress.underWay += 1;
      return {
        failed() {
          done();
          return [{ of: "name" as const, forMs: names.failed(ofName) }, { of: "address" as const, forMs: isOfMachine(address) ? 0 : addresses.failed(ofAddress) }].filter(({ forMs }) => forMs > 0);
        },
        // What an address did otherwise stays counted: one password of one's own is no pardon for guesses at another's.
        succeeded() {
          done();
          names.forget(name);
        },
        dropped: done,
      };
    },
    free(name) {
      names.forget(name);
      addresses.clear();
    },
  };
}

class Counts {
  readonly #nowMs: () => number;
  readonly #failuresMax: number;
  readonly #counts = new Map<string, Count>();

  constructor(nowMs: () => number, failuresMax: number) {
    this.#nowMs = nowMs;
    this.#failuresMax = failuresMax;
  }

  /** `isOwn`: it is counted by itself at any bound. */
  of(key: string, isOwn = false): Count {
    const known = this.#counts.get(key);
    if (known !== undefined && !this.#isOver(known)) return known;
    if (known === undefined && this.#counts.size >= limits.loginCountedMax) this.#sweep();
    const place = isOwn || this.#counts.has(key) || this.#counts.size < limits.loginCountedMax ? key : rest;
    const count = (place === rest ? this.#counts.get(rest) : undefined) ?? { ...uncounted(), underWay: known?.underWay ?? 0, lastMs: this.#nowMs() };
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
    const forMs = Math.min(limits.loginLockMs * 2 ** count.locks, limits.loginLockMsMax);
    count.lockedUntilMs = this.#nowMs() + forMs;
    count.locks += 1;
    count.failures = this.#failuresMax - 1;
    return forMs;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }

  clear(): void {
    this.#counts.clear();
  }

  #isOver({ underWay, lastMs, lockedUntilMs }: Count): boolean {
    return underWay === 0 && this.#nowMs() >= Math.max(lastMs, lockedUntilMs) + limits.loginLockMsMax;
  }

  #sweep(): void {
    for (const [key, count] of this.#counts) if (this.#isOver(count)) this.#counts.delete(key);
  }
}

const uncounted = (): Count => ({ failures: 0, underWay: 0, locks: 0, lockedUntilMs: 0, lastMs: 0 });
const isOfMachine = (address: string): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address);

/** No name and no address. */
const rest = "";
const momentMs = 1_000;
