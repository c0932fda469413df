/**
 * Keeps this node's certificate ahead of its date and its list of the revoked up to date, over the links it has:
 *
 *     look ──▶ is it time? what was revoked since?      to whom this node dials, when a link opens and now and then
 *     renew ─▶ the next certificate                     up to the authority, signed with the present key, so that nobody on the way needs to be trusted
 *     revoked ▶ the newest list                         to every neighbour, as soon as it is heard
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { challengeAnswerSchema, challengeSchema } from "@holon/core/identity/chip.ts";
import { enrolmentSchema, identityMethods, issuedSchema, lookAnswerSchema, lookSchema, renewalSchema, signedRevocationsSchema, type Look, type SignedRevocations } from "@holon/core/identity/messages.ts";
import { isDue, lookEveryMs } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Identity, Lobby, Timer, Trace } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { z } from "zod";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";

export interface IdentityKeeperOptions {
  readonly self: NodeName;
  readonly identity: Identity;
  /** Whether the authority is on this node: its clock is the one that counts, whatever that knows. */
  readonly hasAuthority: boolean;
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** The way up, if it is open. */
  above(): Peer | undefined;
  /** Neighbours that this node dialled, the way up among them, and those that dialled it. */
  dialled(): readonly Peer[];
  accepted(): readonly Peer[];
  /** It has looked after its certificate. */
  looked(): void;
}

export interface IdentityKeeper extends Pick<Lobby, "reachesAuthority" | "ask"> {
  start(): void;
  /** A link may have opened. */
  linksChanged(): void;
  /** A newer list is here: neighbours are told. */
  spread(): void;
  close(): void;
}

type LookAnswer = z.infer<typeof lookAnswerSchema>;

export function createIdentityKeeper(options: IdentityKeeperOptions): IdentityKeeper {
  const { self, identity, calls, handlers, ports } = options;
  const greeted = new WeakSet<Peer>();
  let timer: Timer | undefined;
  let renewing = false;
  let settled = true;
  let closed = false;

  const failed = (what: string) => (error: unknown): void => {
    const coded = toHolonError(error);
    ports.trace.note("warn", `identity: ${what}: ${coded.message}`, { code: coded.code });
  };

  /** One hop further up; control's own handler stands in its place where the authority is. */
  const passUp = (method: string, schema: z.ZodType): CallHandler => (parameters) => {
    const up = options.above();
    if (up === undefined) return Promise.reject(new HolonError("HOLON_LINK_UNREACHABLE", `${self} has no way to the authority now`));
    const parsed = schema.safeParse(parameters);
    if (!parsed.success) return Promise.reject(new HolonError("HOLON_IDENTITY_UNTRUSTED", "the request for a certificate does not parse"));
    return calls.callPeer(up, method, parsed.data, limits.identityAskMs);
  };
  const passRenewal = passUp(identityMethods.renew, renewalSchema);
  handlers.set(identityMethods.renew, passRenewal);
  const passChallenge = passUp(identityMethods.challenge, challengeSchema);
  handlers.set(identityMethods.challenge, passChallenge);
  handlers.set(identityMethods.enroll, passUp(identityMethods.enroll, enrolmentSchema));
  handlers.set(identityMethods.look, (parameters) => answerLook(lookSchema.parse(parameters)));
  handlers.set(identityMethods.revoked, async (parameters, from) => {
    await take(signedRevocationsSchema.parse(parameters), from);
    return null;
  });

  async function answerLook(asked: Look): Promise<LookAnswer> {
    const signed = identity.revocations();
    const version = identity.revocationsVersion();
    return { due: await judge(asked), version, ...(signed !== undefined && version > asked.revocations ? { revocations: signed } : {}) };
  }

  /** By the first clock on the way up that knows the time, the authority's in any case. */
  async function judge(asked: Look): Promise<boolean | null> {
    const { ms, state } = ports.clock.wall();
    if (options.hasAuthority || state === "synced") return isDue(asked, ms);
    const up = options.above();
    if (up === undefined) return null;
    return calls.callPeer(up, identityMethods.look, asked, limits.identityAskMs).then((answer) => lookAnswerSchema.parse(answer).due, () => null);
  }

  async function take(signed: SignedRevocations, from: NodeName | undefined): Promise<void> {
    if (await identity.revoke(signed)) tellAll(from);
  }

  function tell(peer: Peer): void {
    const signed = identity.revocations();
    if (signed === undefined) return;
    calls.callPeer(peer, identityMethods.revoked, signed, limits.identityAskMs).catch(failed(`${peer.name} was not told of the revoked`));
  }

  function tellAll(except?: NodeName): void {
    for (const peer of new Set([...options.dialled(), ...options.accepted()])) if (peer.name !== except) tell(peer);
  }

  /** Whether it is known that all is as it should be. */
  async function look(peer: Peer): Promise<boolean> {
    const validity = identity.validity();
    if (validity === undefined) return true;
    const mine = identity.revocationsVersion();
    const asked: Look = { issuedMs: validity.issuedMs, expiresMs: validity.expiresMs, revocations: mine };
    const answer = lookAnswerSchema.parse(await calls.callPeer(peer, identityMethods.look, asked, limits.identityAskMs));
    if (answer.revocations !== undefined) await take(answer.revocations, peer.name);
    else if (answer.version < mine) tell(peer);
    if (answer.due === true) await renew();
    return answer.due !== null;
  }

  async function renew(): Promise<void> {
    if (renewing || closed) return;
    renewing = true;
    try {
      const issue = handlers.get(identityMethods.renew) ?? passRenewal;
      const challenge = async (): Promise<string> => challengeAnswerSchema.parse(await (handlers.get(identityMethods.challenge) ?? passChallenge)({}, self)).nonce;
      await identity.adopt(issuedSchema.parse(await issue(await identity.renewal(challenge), self)));
      ports.trace.note("info", "identity: the next certificate is here");
    } finally {
      renewing = false;
    }
  }

  async function lookAbout(): Promise<boolean> {
    if (options.hasAuthority) {
      const validity = identity.validity();
      if (validity !== undefined && isDue(validity, ports.clock.wall().ms)) await renew();
    }
    const up = options.above();
    return up === undefined ? options.hasAuthority : look(up);
  }

  function again(): void {
    const validity = identity.validity();
    if (closed || validity === undefined) return;
    const everyMs = lookEveryMs(validity);
    // On an island nothing is answered until the way up is open again; then it should not be long.
    timer = ports.clock.after(settled ? everyMs : Math.min(everyMs, limits.identityAgainMs), () => {
      lookAbout().then(
        (known) => (settled = known),
        (error: unknown) => {
          settled = false;
          failed("asking for the next certificate")(error);
        },
      ).finally(() => {
        if (!closed) options.looked();
        again();
      });
    });
  }

  return {
    start: again,
    linksChanged() {
      for (const peer of options.dialled()) {
        if (greeted.has(peer)) continue;
        greeted.add(peer);
        look(peer).catch(failed(`asking ${peer.name} what was revoked`));
      }
    },
    spread: () => tellAll(),
    reachesAuthority: () => handlers.get(identityMethods.renew) !== passRenewal || options.above() !== undefined,
    ask(method, request) {
      const handler = handlers.get(method);
      return handler === undefined ? Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", `${self} has no method ${method}`)) : handler(request, self);
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
