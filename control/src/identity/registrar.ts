/**
 * Who belongs to the fleet: invites nodes, has certificates issued, revokes. What it knows stands in cells of control's own log, each change in one append with its record in the trail,
 * so that an invitation is used once also across a power cut.
 */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { enrolmentSchema, invitedSchema, renewalSchema, revocationListSchema, type Enrolment, type Invited, type Issued, type Renewal, type RevocationList, type Vouched } from "@holon/core/identity/messages.ts";
import { earliestIssuedMs } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Authority, Clock, Crypto, Director, Identity, RenewalOf } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import { z } from "zod";
import type { FleetTime } from "../fleet-time.ts";
import { createTeller } from "../teller.ts";
import { trustCell } from "./attestation.ts";
import { createBindings } from "./bound.ts";
import { createLineage } from "./lineage.ts";

export interface RegistrarHost {
  readonly log: Log;
  readonly clock: Clock;
  /** By which invitations end. */
  readonly time: FleetTime;
  readonly crypto: Crypto;
  readonly authority: Authority;
  readonly identity: Identity;
  readonly certificateMs: number;
  /** Where new nodes reach the fleet, if the node listens. */
  readonly address: string | undefined;
  /** Whose root new nodes pin, where control signs what it chooses. */
  readonly director?: Director | undefined;
  record(type: string, subject: string, data: unknown): NewRecord;
  /** A newer list is in force here. */
  spread(): void;
}

export interface Invitation {
  readonly node: string;
  readonly site?: string | undefined;
  readonly tier?: Invited["tier"] | undefined;
  readonly forMs?: number | undefined;
  readonly address?: string | undefined;
}

export interface Registrar {
  readonly fingerprint: string;
  /** A token to carry to the node. `HOLON_INVITATION_BAD`, `HOLON_ARGUMENT_BAD`. */
  invite(invitation: Invitation, by?: Caller): Promise<{ readonly token: string; readonly endsAt: string }>;
  /** The first certificate of an invited node. `HOLON_INVITATION_BAD`, `HOLON_INVITATION_USED`, `HOLON_IDENTITY_UNTRUSTED`. */
  enroll(request: unknown): Promise<Issued>;
  /** The next certificate of a node, however long its present one has been over. `HOLON_IDENTITY_REVOKED`, `HOLON_IDENTITY_UNTRUSTED`. */
  renew(request: unknown): Promise<Issued>;
  /** A nonce for the TPM of whoever asks. */
  challenge(): Promise<{ readonly nonce: string }>;
  /** Who signed the text, if that is a node of the fleet still; of a node that is bound to its TPM, only until its certificate's date. `HOLON_IDENTITY_UNTRUSTED`, `HOLON_IDENTITY_REVOKED`, `HOLON_IDENTITY_EXPIRED`. */
  signerOf(text: Uint8Array, vouched: Vouched): Promise<string>;
  /** All certificates that the node was given until now are no more. `HOLON_NODE_UNKNOWN`, `HOLON_ARGUMENT_BAD`, `HOLON_IDENTITY_FULL`. */
  revoke(node: string, because: string, by?: Caller): Promise<RevocationList>;
  revocations(): RevocationList;
}

const revoked = (node: string): HolonError => new HolonError("HOLON_IDENTITY_REVOKED", `the certificate of ${node} was revoked`);
const hour = 3_600_000;
const decoder = new TextDecoder();
/** To one key, in a moment. */
const answersMax = 8;
export const enrolledCell = (node: string): string => `enrolled/${node}`;
const keys = { issued: "authority/issued", invitations: "authority/invitations", revoked: "authority/revoked", enrolled: enrolledCell } as const;

const openInvitationSchema = z.strictObject({ ...invitedSchema.shape, id: z.string(), key: z.string(), endsMs: z.number(), usedBy: z.string().optional() });
const invitationsSchema = z.array(openInvitationSchema);
type OpenInvitation = z.infer<typeof openInvitationSchema>;
const enrolledSchema = z.strictObject({ ...invitedSchema.shape, number: z.int(), expiresMs: z.number() });
const emptyList: RevocationList = { version: 1, revoked: [] };
const encoder = new TextEncoder();

export async function openRegistrar(host: RegistrarHost): Promise<Registrar> {
  const { log, clock, time, authority, identity } = host;
  const inTurn = createTurns();
  const isNews = createTeller(() => clock.monotonicMs());
  const lineage = createLineage(log);
  const bindings = createBindings({ log, clock, crypto: host.crypto, secret: authority.challenge() + authority.challenge() });
  /** When a node was last given a certificate here, and for which key. */
  const given = new Map<string, { readonly atMs: number; readonly key: string; readonly count: number }>();

  const read = <T>(key: string, schema: z.ZodType<T>): T | undefined => {
    const bytes = log.cell(key);
    return bytes && schema.parse(parseJson(bytes));
  };
  const cell = (key: string, value: unknown): CellChange => ({ key, value: encoder.encode(JSON.stringify(value)) });
  const held = (): RevocationList => read(keys.revoked, revocationListSchema) ?? emptyList;
  const lastNumber = (): number => read(keys.issued, z.int()) ?? 0;
  /** Of invitations that have ended, those that were used are remembered for a while, so that a replay is known as one. */
  const invitations = (): OpenInvitation[] => (read(keys.invitations, invitationsSchema) ?? []).filter(({ endsMs }) => time.nowMs() < endsMs + limits.invitationMsMax);

  /** Refusals go into the trail, the same one not again and again. */
  async function refuse(error: HolonError, about: { readonly node?: string | undefined; readonly invitation?: string | undefined }): Promise<never> {
    const kind = `${error.code}/${about.node ?? ""}/${about.node === undefined ? "" : (about.invitation ?? "")}`;
    if (isNews(kind)) {
      await log.append({ records: [host.record("holon.node.refused", about.node ?? "unknown", { code: error.code, message: error.message, node: about.node ?? null, invitation: about.invitation ?? null })] });
    }
    throw error;
  }

  const isRevoked = (node: string, number: number): boolean => held().revoked.some((entry) => entry.node === node && number <= entry.through);

  /** Wall time where that goes on, a count where it does not: higher than any before, also where this log was put back from a backup. */
  const nextNumber = (): number => Math.max(lastNumber() + 1, clock.wall().ms);

  async function issue({ csr, chip }: Enrolment | Renewal, subject: Invited, key: string, also: { readonly type: "holon.node.enrolled" | "holon.node.renewed"; readonly data: object; readonly records?: readonly NewRecord[]; readonly cells: readonly CellChange[] }): Promise<Issued> {
    const number = nextNumber();
    const issuedMs = Math.floor(Math.max(clock.wall().ms, earliestIssuedMs) / 1000) * 1000; // certificates count in seconds
    const validMs = chip === undefined ? host.certificateMs : Math.min(host.certificateMs, limits.boundCertificateMs);
    const validity = { issuedMs, expiresMs: issuedMs + Math.ceil(validMs / 1000) * 1000 };
    const issued = await authority.issue(csr, { ...subject, number, validity });
    const { node, site, tier } = subject;
    const record = host.record(also.type, node, { node, site, tier, number, key, chip: bindings.name(chip), expiresAt: isoTime(validity.expiresMs), ...also.data });
    const cells = [cell(keys.issued, number), cell(keys.enrolled(node), { node, site, tier, number, expiresMs: validity.expiresMs }), bindings.cell(node, chip, key), lineage.cell(node, key, number), ...also.cells];
    await log.append({ records: [record, ...(also.records ?? [])], cells });
    const last = lately(node);
    given.set(node, last?.key === key ? { ...last, count: last.count + 1 } : { atMs: clock.monotonicMs(), key, count: 1 });
    return issued;
  }

  const directorRoots = async (): Promise<readonly Uint8Array[]> => ((await host.director?.roots(clock.wall().ms)) ?? []).slice(-limits.directorRootsMax);

  async function directorPin(): Promise<{ readonly director?: string }> {
    const last = (await directorRoots()).at(-1);
    return last === undefined ? {} : { director: toHex(host.crypto.sha256(last)) };
  }

  const lately = (node: string) => {
    const last = given.get(node);
    return last !== undefined && clock.monotonicMs() - last.atMs < Math.min(limits.refusalTellMs, host.certificateMs / 20) ? last : undefined;
  };

  /** One key is answered again, since answers are lost; not so often that its records fill the trail. `HOLON_CALL_BUSY`. */
  function requireSeldom(node: string, key: string): void {
    const last = lately(node);
    if (last !== undefined && last.key === key && last.count >= answersMax) throw new HolonError("HOLON_CALL_BUSY", `${node} was given the same certificate ${last.count} times a moment ago`);
  }

  async function putInForce(list: RevocationList): Promise<void> {
    await identity.revoke(await authority.sign(list));
    host.spread();
  }

  /**
   * Whose request for the next certificate it is. Of a series that is over only the key counts, since a thief may have made all else of the certificate: then who has it, and what the node
   * is, is what control remembers.
   */
  function ownerOf({ node, site, tier, number, series, heldKey }: RenewalOf): (Invited & { readonly number: number }) | HolonError {
    if (series >= authority.series) return { node, site, tier, number };
    const known = read(keys.enrolled(node), enrolledSchema);
    const certified = lineage.numberOf(node, heldKey);
    // Whoever took the authority's key from this disk has this node's own key with it.
    if (known === undefined || certified === undefined || node === log.origin) {
      return new HolonError("HOLON_IDENTITY_UNTRUSTED", `a certificate of ${node} is of series ${series}, which is over, and control gave it none for that key`, { next: "If it is a node of yours, it took a certificate of whoever stole the authority's key: invite it and enrol it anew." });
    }
    return { node, site: known.site, tier: known.tier, number: certified };
  }

  if (log.cell(keys.issued) !== undefined) await lineage.fill();
  // A power cut may have struck between the trail and the list that peers are held to.
  if (log.cell(keys.revoked) !== undefined && identity.revocationsVersion() < held().version) await putInForce(held());

  return {
    fingerprint: authority.fingerprint,
    invite: (wanted, by = machineCaller) =>
      inTurn(async () => {
        const { address = host.address, forMs = hour } = wanted;
        if (wanted.node === log.origin) throw new HolonError("HOLON_ARGUMENT_BAD", `${wanted.node} runs control and holds the authority: nobody else is invited in its name`, { next: "Give the new node a name of its own." });
        if (address === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${log.origin} takes no nodes: its configuration has no listen`);
        if (forMs > limits.invitationMsMax) throw new HolonError("HOLON_INVITATION_BAD", `an invitation is for ${limits.invitationMsMax / 86_400_000} days at the most`);
        const known = read(keys.enrolled(wanted.node), enrolledSchema);
        const site = wanted.site ?? known?.site;
        if (site === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${wanted.node} was never enrolled: its site is not known`, { next: `Name its \`site\` in the call, or with \`holon node invite ${wanted.node} --site SITE\`.` });
        const scope = { node: wanted.node, site, tier: wanted.tier ?? known?.tier ?? "gateway" } as const;
        const open = invitations();
        if (open.length >= limits.invitationsMax) throw new HolonError("HOLON_INVITATION_BAD", `${open.length} invitations are open or were used of late`, { next: "Wait until some have ended." });
        const { invitation, key, token } = await authority.invitation({ ...scope, address, ...(await directorPin()) });
        const endsMs = time.nowMs() + forMs;
        const endsAt = isoTime(endsMs);
        await log.append({ records: [host.record("holon.node.invited", scope.node, { ...scope, invitation, endsAt, by: printPrincipal(by.principal) })], cells: [cell(keys.invitations, [...open, { ...scope, id: invitation, key, endsMs }]), time.cell()] });
        return { token, endsAt };
      }),
    enroll: (request) =>
      inTurn(async () => {
        const parsed = enrolmentSchema.safeParse(request);
        if (!parsed.success) throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "the request for a certificate does not parse");
        const { invitation, chip } = parsed.data;
        const open = invitations();
        const found = open.find(({ id }) => id === invitation);
        if (found === undefined) return refuse(new HolonError("HOLON_INVITATION_BAD", `no invitation ${invitation} is known`), { invitation });
        const { id, key: invitationKey, endsMs, usedBy, ...scope } = found;
        const about = { node: scope.node, invitation };
        const key = await authority.checkEnrolment(parsed.data, invitationKey).catch((error: unknown) => refuse(toHolonError(error), about));
        // The same key again is the same node, whose answer was lost on the way.
        if (usedBy !== undefined && usedBy !== key) return refuse(new HolonError("HOLON_INVITATION_USED", `the invitation ${id} of ${scope.node} was used already, by another key`), about);
        // Not after it was revoked: whoever has the key and the token has what was stolen.
        if (usedBy !== undefined && isRevoked(scope.node, lineage.numberOf(scope.node, key) ?? 0)) return refuse(revoked(scope.node), about);
        const bound = bindings.of(scope.node);
        if (usedBy !== undefined && bound !== undefined && (bound.key !== key || bound.keyPem !== chip?.keyPem)) return refuse(new HolonError("HOLON_INVITATION_USED", `the invitation ${id} of ${scope.node} was used already, and the node was given other certificates since, or has another TPM`), about);
        const leftMs = endsMs - time.nowMs();
        if (leftMs < 0) return refuse(new HolonError("HOLON_INVITATION_BAD", `the invitation ${id} of ${scope.node} ended at ${isoTime(endsMs)}`), about);
        if (leftMs > limits.invitationMsMax + limits.madeAheadMsMax) return refuse(new HolonError("HOLON_INVITATION_BAD", `the invitation ${id} of ${scope.node} was made when the clock of control stood far ahead`), about);
        if (chip !== undefined && chip.nonce !== invitation) return refuse(new HolonError("HOLON_CHIP_REFUSED", `the TPM of ${scope.node} did not sign for this invitation`), about);
        await authority.checkChip(parsed.data).catch((error: unknown) => refuse(toHolonError(error), about));
        requireSeldom(scope.node, key);
        const used = open.map((one) => (one.id === id ? { ...one, usedBy: key } : one));
        const issued = await issue(parsed.data, scope, key, { type: "holon.node.enrolled", data: { invitation }, cells: [cell(keys.invitations, used), { key: trustCell(scope.node), value: null }] });
        const roots = await directorRoots();
        return roots.length === 0 ? issued : { ...issued, director: roots.map((root) => decoder.decode(root)) };
      }),
    renew: (request) =>
      inTurn(async () => {
        const parsed = renewalSchema.safeParse(request);
        if (!parsed.success) throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "the request for a certificate does not parse");
        const shown = await authority.checkRenewal(parsed.data).catch((error: unknown) => refuse(toHolonError(error), {}));
        const { key } = shown;
        const owner = ownerOf(shown);
        if (owner instanceof HolonError) return refuse(owner, log.cell(keys.enrolled(shown.node)) === undefined ? {} : { node: shown.node }); // names that nobody has are anybody's to make up
        const { number, ...scope } = owner;
        if (isRevoked(scope.node, number)) return refuse(revoked(scope.node), scope);
        const { chip } = parsed.data;
        const isNew = chip !== undefined && bindings.of(scope.node) === undefined;
        await authority.checkChip(parsed.data).then(() => bindings.requireChip(scope.node, chip)).catch((error: unknown) => refuse(toHolonError(error), scope));
        const last = lately(scope.node);
        if (last !== undefined && last.key !== key) throw new HolonError("HOLON_CALL_BUSY", `${scope.node} was given a certificate a moment ago`);
        requireSeldom(scope.node, key);
        const records = isNew ? [host.record("holon.node.bound", scope.node, { node: scope.node, chip: bindings.name(chip) })] : [];
        return issue(parsed.data, scope, key, { type: "holon.node.renewed", data: { from: number }, records, cells: [] });
      }),
    challenge: () => Promise.resolve({ nonce: bindings.challenge() }),
    async signerOf(text, vouched) {
      const { node, number, validity } = await authority.checkVouched(text, vouched);
      if (isRevoked(node, number)) throw revoked(node);
      if (bindings.of(node) !== undefined && clock.wall().ms > validity.expiresMs) throw new HolonError("HOLON_IDENTITY_EXPIRED", `${node} is bound to its TPM, and the certificate that it signs with ended at ${isoTime(validity.expiresMs)}`);
      return node;
    },
    revoke: (node, because, by = machineCaller) =>
      inTurn(async () => {
        if (node === log.origin) throw new HolonError("HOLON_ARGUMENT_BAD", `${node} runs control and holds the authority: it cannot revoke itself`);
        if (log.cell(keys.enrolled(node)) === undefined) throw new HolonError("HOLON_NODE_UNKNOWN", `${node} was never enrolled`);
        const before = held();
        const others = before.revoked.filter((entry) => entry.node !== node);
        if (others.length >= limits.revokedMax) throw new HolonError("HOLON_IDENTITY_FULL", `${others.length} nodes are revoked`);
        // What nobody used yet is no way back either; what was used stays known as that.
        const open = invitations().filter((one) => one.node !== node || one.usedBy !== undefined);
        const list = { version: before.version + 1, revoked: [...others, { node, through: lastNumber() }] };
        await log.append({ records: [host.record("holon.node.revoked", node, { node, through: lastNumber(), version: list.version, because, by: printPrincipal(by.principal) })], cells: [cell(keys.revoked, list), cell(keys.invitations, open)] });
        await putInForce(list);
        return list;
      }),
    revocations: held,
  };
}
