/** Users with their passwords, and who of them is logged in. */
import type { Caller } from "@holon/core/api/caller.ts";
import { Denial } from "@holon/core/api/denial.ts";
import { createCounted } from "@holon/core/counted.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Role } from "@holon/core/policy/roles.ts";
import { peopleEvents, type KnownUser } from "../store/people.ts";
import { mayGive, type Ledger, type PeopleHost } from "./ledger.ts";
import { createLockout, type Attempt, type Lock, type Try } from "./lockout.ts";
import { createNarrow } from "./narrow.ts";
import type { Sessions } from "./sessions.ts";

export interface LoggedIn {
  /** Shown once. */
  readonly token: string;
  readonly name: string;
  readonly role: Role;
  readonly endsAt: string;
}

export interface Users {
  users(): readonly KnownUser[];
  /** Whether anybody owns the fleet: until then the machine's token stands for them. */
  hasOwner(): boolean;
  callerOf(token: string): Caller | undefined;
  /** `HOLON_LOGIN_REFUSED`, alike and as late for a name that nobody has, `HOLON_LOGIN_LOCKED`, `HOLON_LOGIN_BUSY`. */
  login(name: string, password: string, address: string): Promise<LoggedIn>;
  logout(caller: Caller): Promise<void>;
  /** `HOLON_USER_BAD` where it is there already or there are too many; `HOLON_POLICY_DENIED` for a role that the caller may not give. */
  addUser(user: { readonly name: string; readonly role: Role; readonly password: string }, by: Caller): Promise<void>;
  /** Its sessions end, its tokens hold no more. `HOLON_USER_BAD`, `HOLON_USER_LAST_OWNER`, `HOLON_POLICY_DENIED`. */
  removeUser(name: string, by: Caller): Promise<void>;
  /** From the next call on. `HOLON_USER_BAD`, `HOLON_USER_LAST_OWNER`, `HOLON_POLICY_DENIED`. */
  setRole(name: string, role: Role, by: Caller): Promise<void>;
  /** Sessions of the user end, locks too. `HOLON_USER_BAD`, `HOLON_POLICY_DENIED`. */
  setPassword(name: string, password: string, by: Caller): Promise<void>;
  /** One's own: the other sessions end. `HOLON_LOGIN_REFUSED`, `HOLON_LOGIN_LOCKED`. */
  changePassword(caller: Caller, old: string, password: string, address: string): Promise<void>;
  /** Tells what was counted. */
  close(): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const cellOf = (name: string): string => `password/${name}`;

export function openUsers(ledger: Ledger, { log, clock, credentials, failed }: Pick<PeopleHost, "log" | "clock" | "credentials" | "failed">, sessions: Sessions): Users {
  const { state, inTurn, write } = ledger;
  const monotonicMs = (): number => clock.monotonicMs();
  const lockout = createLockout(monotonicMs);
  const narrow = createNarrow();
  const wrong = createCounted<{ readonly name: string | null; readonly address: string; readonly code: string }>(clock, (tried, count) => {
    write(peopleEvents.loginRefused, tried.name ?? "unknown", { ...tried, count }).catch(failed);
  });

  const sealedOf = (name: string): string | undefined => {
    const bytes = state.users.has(name) ? log.cell(cellOf(name)) : undefined;
    return bytes && decoder.decode(bytes);
  };
  const seal = async (name: string, password: string): Promise<CellChange> => {
    if (password.length < limits.passwordCharactersMin || password.length > limits.passwordCharactersMax) {
      throw new HolonError("HOLON_USER_BAD", `a password has ${limits.passwordCharactersMin} to ${limits.passwordCharactersMax} characters, this one ${password.length}`, { next: "Choose a longer one: a few words that do not belong together." });
    }
    return { key: cellOf(name), value: encoder.encode(await narrow(() => credentials.seal(password))) };
  };

  const userOf = (name: string): KnownUser => {
    const user = state.users.get(name);
    if (user === undefined) throw new HolonError("HOLON_USER_BAD", `there is no user ${name}`);
    return user;
  };
  const requireGift = (by: Caller, role: Role): void => {
    if (!mayGive(by.role, role)) throw new Denial("own-role", "HOLON_POLICY_DENIED", `${printPrincipal(by.principal)} is ${by.role}, and does not decide on who is ${role}`, { next: "Ask an owner." });
  };
  const requireOtherOwner = (name: string): void => {
    if (userOf(name).role !== "owner") return;
    const others = [...state.users.values()].filter((user) => user.role === "owner" && user.name !== name);
    if (others.length === 0) throw new HolonError("HOLON_USER_LAST_OWNER", `${name} is the only owner`);
  };

  /** Whether the password is the one that the name had throughout. */
  async function check(name: string, password: string, address: string, session?: string): Promise<void> {
    const attempt = begin({ name, address, isKnown: state.users.has(name), isFamiliar: state.familiar.get(name)?.includes(address) === true, ...(session === undefined ? {} : { session }) });
    const sealed = sealedOf(name);
    let isRight: boolean;
    try {
      isRight = (await narrow(() => credentials.matches(password, sealed))) && sealedOf(name) === sealed;
    } catch (error) {
      attempt.dropped();
      throw error;
    }
    if (isRight) return attempt.succeeded();
    await tellLocks(name, address, attempt.failed());
    throw refused(name, address, new HolonError("HOLON_LOGIN_REFUSED", "the name or the password is wrong"));
  }

  function begin(tried: Try): Attempt {
    try {
      return lockout.begin(tried);
    } catch (error) {
      throw refused(tried.name, tried.address, toHolonError(error));
    }
  }

  function refused(name: string, address: string, error: HolonError): HolonError {
    const known = state.users.has(name) ? name : null;
    wrong.came(`${error.code} ${known ?? ""}`, { name: known, address, code: error.code });
    return error;
  }

  /** A name that nobody has may be a password that was typed into the wrong field. */
  async function tellLocks(name: string, address: string, locks: readonly Lock[]): Promise<void> {
    const known = state.users.has(name) ? name : null;
    for (const { of, forMs } of locks) await write(peopleEvents.locked, known ?? "unknown", { of, name: known, address, forMs });
  }

  return {
    users: () => [...state.users.values()],
    hasOwner: () => [...state.users.values()].some(({ role }) => role === "owner"),
    callerOf(token) {
      const session = sessions.find(ledger.hash(token));
      if (session?.role !== undefined) return { principal: { kind: "person", name: session.name }, role: session.role, session: session.id };
      const user = session && state.users.get(session.name);
      return session && user && { principal: { kind: "person", name: user.name }, role: user.role, session: session.id };
    },
    async login(name, password, address) {
      await check(name, password, address);
      const { role } = userOf(name);
      const token = `holon_session_${credentials.secret()}`;
      sessions.begin(name, ledger.hash(token));
      const endsAt = isoTime(clock.wall().ms + limits.sessionMs);
      await write(peopleEvents.began, name, { name, address });
      return { token, name, role, endsAt };
    },
    async logout({ principal, session }) {
      if (session === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${printPrincipal(principal)} is not logged in`, { next: "A token ends with `holon token revoke NAME`." });
      sessions.end(session, "logged out");
      await write(peopleEvents.ended, principal.name, { name: principal.name });
    },
    addUser: ({ name, role, password }, by) =>
      inTurn(async () => {
        requireGift(by, role);
        if (state.users.has(name)) throw new HolonError("HOLON_USER_BAD", `there is a user ${name} already`, { next: "Change the role with `holon user role NAME ROLE`, or take another name." });
        if (state.users.size >= limits.usersMax) throw new HolonError("HOLON_USER_BAD", `there are ${state.users.size} users, as many as may be`);
        await write(peopleEvents.added, name, { name, role, by: printPrincipal(by.principal) }, { cells: [await seal(name, password)] });
      }),
    removeUser: (name, by) =>
      inTurn(async () => {
        requireGift(by, userOf(name).role);
        requireOtherOwner(name);
        await write(peopleEvents.removed, name, { name, by: printPrincipal(by.principal) }, { cells: [{ key: cellOf(name), value: null }] });
        sessions.endAllOf(name, "the user was removed");
      }),
    setRole: (name, role, by) =>
      inTurn(async () => {
        requireGift(by, userOf(name).role);
        requireGift(by, role);
        if (role !== "owner") requireOtherOwner(name);
        await write(peopleEvents.role, name, { name, role, by: printPrincipal(by.principal) });
      }),
    setPassword: (name, password, by) =>
      inTurn(async () => {
        requireGift(by, userOf(name).role);
        await write(peopleEvents.password, name, { name, by: printPrincipal(by.principal) }, { cells: [await seal(name, password)] });
        sessions.endAllOf(name, "a password was set");
        lockout.free(name);
      }),
    async changePassword({ principal, session }, old, password, address) {
      const { name } = principal;
      if (session === undefined || !state.users.has(name)) throw new HolonError("HOLON_ARGUMENT_BAD", `${printPrincipal(principal)} has no password here: only people with an account of control who are logged in do`);
      await check(name, old, address, session);
      await inTurn(async () => {
        userOf(name);
        await write(peopleEvents.password, name, { name, by: printPrincipal(principal) }, { cells: [await seal(name, password)] });
        sessions.endAllOf(name, "a password was set", session);
      });
    },
    close: () => wrong.close(),
  };
}
