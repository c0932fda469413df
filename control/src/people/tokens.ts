/** API tokens: for what is no person at a keyboard. Each is of a role, for some routes or all of them, until a day, and shown once. */
import type { Caller } from "@holon/core/api/caller.ts";
import { Denial } from "@holon/core/api/denial.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Role } from "@holon/core/policy/roles.ts";
import type { Credentials } from "@holon/core/ports.ts";
import { peopleEvents, type KnownToken, type KnownUser } from "../store/people.ts";
import { mayGive, type Ledger } from "./ledger.ts";

export interface WantedToken {
  readonly name: string;
  readonly role: Role;
  readonly routes?: readonly string[] | undefined;
  readonly forMs: number;
}

export interface Tokens {
  tokens(): readonly KnownToken[];
  callerOf(token: string): Caller | undefined;
  /** Of a token that was one of these and holds no more: its name, and why. */
  ended(token: string): { readonly name: string; readonly because: string } | undefined;
  /** Resolves with the token, which nobody can ask for again. `HOLON_TOKEN_BAD`, `HOLON_POLICY_DENIED`. */
  addToken(wanted: WantedToken, by: Caller): Promise<{ readonly token: string; readonly endsAt: string }>;
  /** Refused from the next call on. One's own, or any where the caller is an owner. `HOLON_TOKEN_BAD`, `HOLON_POLICY_DENIED`. */
  revokeToken(name: string, by: Caller): Promise<void>;
}

export function openTokens(ledger: Ledger, credentials: Credentials): Tokens {
  const { state, inTurn, write, nowMs } = ledger;

  /** A token never has more than who made it has by now. */
  const isBacked = ({ madeBy, role }: KnownToken, maker: KnownUser | undefined): boolean => madeBy === undefined || (maker !== undefined && mayGive(maker.role, role));

  /** What was made under a clock that stood far ahead would hold until then. */
  const holds = ({ endsMs, madeMs }: KnownToken): boolean => nowMs() < endsMs && madeMs - nowMs() <= limits.madeAheadMsMax;

  const knownBy = (hash: string): { readonly found: KnownToken | undefined; readonly maker: KnownUser | undefined } => {
    const found = [...state.tokens.values()].find((one) => one.hash === hash);
    return { found, maker: found?.madeBy === undefined ? undefined : state.users.get(found.madeBy) };
  };

  return {
    tokens: () => [...state.tokens.values()],
    callerOf(token) {
      const { found, maker } = knownBy(ledger.hash(token));
      if (found === undefined || !holds(found) || !isBacked(found, maker)) return undefined;
      return { principal: { kind: "token", name: found.name }, role: found.role, routes: found.routes, maker: maker && { name: maker.name, role: maker.role } };
    },
    ended(token) {
      const hash = ledger.hash(token);
      const { found, maker } = knownBy(hash);
      const revoked = state.revoked.get(hash);
      if (found === undefined) return revoked === undefined ? undefined : { name: revoked, because: "it was revoked" };
      if (!holds(found)) return { name: found.name, because: "its time was over" };
      return isBacked(found, maker) ? undefined : { name: found.name, because: "who made it has no such role any more" };
    },
    addToken: ({ name, role, routes, forMs }, by) =>
      inTurn(async () => {
        if (!mayGive(by.role, role)) throw new Denial("own-role", "HOLON_POLICY_DENIED", `${printPrincipal(by.principal)} is ${by.role}, and makes no token that is ${role}`, { next: "Make one of your own role, or of viewer." });
        const { kind, name: maker } = by.principal;
        if (kind === "person" && !state.users.has(maker)) throw new HolonError("HOLON_TOKEN_BAD", `${maker} has no account here that a token of theirs could be held to when their role ends`, { next: "Have somebody with a local account make it, or use a session." });
        if (name === "machine" || state.tokens.has(name)) throw new HolonError("HOLON_TOKEN_BAD", `there is a token ${name} already`, { next: "Take another name, or revoke it first: `holon token revoke NAME`." });
        if (state.tokens.size >= limits.apiTokensMax) throw new HolonError("HOLON_TOKEN_BAD", `there are ${state.tokens.size} tokens, as many as may be`, { next: "Revoke those that have ended: `holon token list`." });
        const token = `holon_token_${credentials.secret()}`;
        const madeMs = nowMs();
        const endsMs = madeMs + forMs;
        const madeBy = by.principal.kind === "person" ? { madeBy: by.principal.name } : {};
        const data = { name, madeMs, hash: ledger.hash(token), role, ...(routes === undefined ? {} : { routes: [...routes] }), endsMs, ...madeBy, by: printPrincipal(by.principal) } satisfies KnownToken;
        await write(peopleEvents.tokenAdded, name, data);
        return { token, endsAt: isoTime(endsMs) };
      }),
    revokeToken: (name, by) =>
      inTurn(async () => {
        const token = state.tokens.get(name);
        if (token === undefined) throw new HolonError("HOLON_TOKEN_BAD", `there is no token ${name}`);
        const isOwn = by.principal.kind === "person" && token.madeBy === by.principal.name;
        if (!isOwn && !mayGive(by.role, "owner")) throw new Denial("own-token", "HOLON_POLICY_DENIED", `token ${name} was made by ${token.by}, not by ${printPrincipal(by.principal)}`, { next: "Ask an owner." });
        await write(peopleEvents.tokenRevoked, name, { name, by: printPrincipal(by.principal) });
      }),
  };
}
