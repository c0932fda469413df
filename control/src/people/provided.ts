/**
 * People whom an identity provider knows: the authorization code flow with PKCE, from the side of whoever relies on it.
 *
 *     begin ─▶ handle and address ─▶ a browser goes there and comes back with code and state ─▶ finish, with the handle ─▶ a session
 *                                                                  └─▶ refused, and told
 *
 * The handle is known to whoever began alone, so that nobody can have another finish a login that he began, or finish one whose answer he saw. A login is
 * finished once, whatever comes of it.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { isLoopbackRedirect } from "@holon/core/schema/provider.ts";
import { peopleEvents } from "../store/people.ts";
import { createTeller } from "../teller.ts";
import type { Ledger, PeopleHost } from "./ledger.ts";
import { providedName, roleOfClaims } from "./provided-role.ts";
import type { Sessions } from "./sessions.ts";
import type { LoggedIn } from "./users.ts";

export interface ProviderAnswer {
  readonly handle: string;
  readonly state: string;
  readonly code: string;
  /** The issuer that the browser came back with, where it did. */
  readonly iss?: string | undefined;
}

export interface Provided {
  /** What it is called; undefined where there is none. */
  providerName(): string | undefined;
  /** `HOLON_PROVIDER_MISSING`, `HOLON_PROVIDER_UNREACHABLE`, `HOLON_ARGUMENT_BAD` for a place that no browser may be sent back to. */
  beginProvided(redirect: string, address: string): Promise<{ readonly url: string; readonly handle: string; readonly endsAt: string }>;
  /** `HOLON_LOGIN_ENDED`, `HOLON_PROVIDER_REFUSED`, `HOLON_PROVIDER_TIME`, `HOLON_PROVIDER_UNMAPPED`, `HOLON_PROVIDER_UNREACHABLE`. */
  finishProvided(answer: ProviderAnswer, address: string): Promise<LoggedIn>;
}

interface UnderWay {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirect: string;
  /** From where it was begun. */
  readonly address: string;
  readonly beganMs: number;
}

export function openProvided(ledger: Ledger, { clock, credentials, provider }: Pick<PeopleHost, "clock" | "credentials" | "provider">, sessions: Sessions): Provided {
  const underWay = new Map<string, UnderWay>();
  const isNews = createTeller(() => clock.monotonicMs());
  let asks = 0;

  const required = (): NonNullable<typeof provider> => {
    if (provider === undefined) throw new HolonError("HOLON_PROVIDER_MISSING", "this control plane knows no identity provider");
    return provider;
  };
  /** The provider is not flooded by whoever floods control. */
  async function asked<T>(ask: () => Promise<T>): Promise<T> {
    if (asks >= limits.providerAsksMax) throw new HolonError("HOLON_LOGIN_BUSY", `${asks} questions to the identity provider are under way`, { retryAfterMs: 1_000 });
    asks += 1;
    try {
      return await ask();
    } finally {
      asks -= 1;
    }
  }

  /** Who begins many pushes out his own alone: of an address that has too many, else of the one that has most, the oldest goes. */
  function makeRoom(address: string): void {
    for (const [key, { beganMs }] of underWay) if (clock.monotonicMs() - beganMs >= limits.providerLoginMs) underWay.delete(key);
    const counts = new Map<string, number>();
    for (const login of underWay.values()) counts.set(login.address, (counts.get(login.address) ?? 0) + 1);
    const isFull = underWay.size >= limits.providerLoginsMax;
    const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [address, counts.get(address) ?? 0] as const);
    const whose = (counts.get(address) ?? 0) >= limits.providerLoginsOfAddressMax ? address : isFull ? most : undefined;
    const [oldest] = [...underWay].find(([, login]) => login.address === whose) ?? [];
    if (oldest !== undefined) underWay.delete(oldest);
  }

  /** It is under way no longer, whatever becomes of it now. */
  function take({ handle, state }: ProviderAnswer): UnderWay {
    const key = ledger.hash(handle);
    const login = underWay.get(key);
    underWay.delete(key);
    if (login === undefined) throw new HolonError("HOLON_LOGIN_ENDED", "no such login is under way: it was finished, or never begun here");
    if (clock.monotonicMs() - login.beganMs >= limits.providerLoginMs) throw new HolonError("HOLON_LOGIN_ENDED", `the login took longer than ${limits.providerLoginMs / 60_000} minutes`);
    if (login.state !== state) throw new HolonError("HOLON_PROVIDER_REFUSED", "the answer belongs to another login: its state is not the one that was sent");
    return login;
  }

  async function prove(answer: ProviderAnswer): Promise<{ readonly name: string; readonly role: LoggedIn["role"] }> {
    const { port, config } = required();
    const { nonce, verifier, redirect } = take(answer);
    const proved = await asked(() => port.redeem({ code: answer.code, answeredBy: answer.iss, verifier, redirect, atMs: clock.wall().ms }));
    if (proved.nonce !== nonce) throw new HolonError("HOLON_PROVIDER_REFUSED", "the proof was made for another login: its nonce is not the one that was sent");
    const name = providedName(config.name, proved.subject);
    const role = roleOfClaims(proved.claims, config.roles);
    if (role === undefined) throw new HolonError("HOLON_PROVIDER_UNMAPPED", `${name} is known to ${config.name}, and no rule of provider.roles fits its claims`);
    return { name, role };
  }

  return {
    providerName: () => provider?.config.name,
    async beginProvided(redirect, address) {
      const { port, config } = required();
      if (!isLoopbackRedirect(redirect) && !config.redirects.includes(redirect)) throw new HolonError("HOLON_ARGUMENT_BAD", "no browser is sent back there: it is neither this machine nor one of provider.redirects");
      const login = { state: credentials.secret(), nonce: credentials.secret(), verifier: credentials.secret(), redirect };
      const url = await asked(() => port.authorization(login));
      const handle = credentials.secret();
      makeRoom(address);
      underWay.set(ledger.hash(handle), { ...login, address, beganMs: clock.monotonicMs() });
      return { url, handle, endsAt: isoTime(clock.wall().ms + limits.providerLoginMs) };
    },
    async finishProvided(answer, address) {
      const { config } = required();
      const { name, role } = await prove(answer).catch(async (failure: unknown) => {
        const { code, message } = toHolonError(failure);
        if (isNews(`${code} ${address}`)) await ledger.write(peopleEvents.loginRefused, config.name, { provider: config.name, code, message, address });
        throw failure;
      });
      const token = `holon_session_${credentials.secret()}`;
      sessions.begin(name, ledger.hash(token), role);
      await ledger.write(peopleEvents.began, name, { name, address, provider: config.name, role });
      return { token, name, role, endsAt: isoTime(clock.wall().ms + limits.sessionMs) };
    },
  };
}
