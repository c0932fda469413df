/**
 * Calls that the policy wants two people for.
 *
 *     called ─▶ waits ─▶ approved by another person ─▶ the same call again, once ─▶ done
 *                 │                  └─◀─ it failed before anything was done ─◀─┘
 *                 └─▶ rejected, or its time is over
 *
 * What is approved is one call of one caller, word by word: it is known again by a hash of all of it under control's own key, and by what its passwords are held against. What exactly is asked
 * for stands with that in a cell, as passwords of users do, for as long as it waits. The call itself is not kept to be made later, since it may hold what only its caller should, and its answer belongs to its caller. An approval is worth what its giver may by the time
 * of the call: where they may approve no more, the call waits for somebody who does.
 */
import type { Caller } from "@holon/core/api/caller.ts";
import type { Call } from "@holon/core/api/guarded.ts";
import { Denial } from "@holon/core/api/denial.ts";
import type { Spent } from "@holon/core/api/spent.ts";
import { secretsOf, withoutSecrets } from "@holon/core/api/without-secrets.ts";
import { signedBySchema } from "@holon/core/diagnosis/signed-by.ts";
import { toBeSigned } from "@holon/core/diagnosis/signs.ts";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Lane } from "@holon/core/log/log.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { decidedEvent } from "@holon/core/event/of-people.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { isRole } from "@holon/core/policy/roles.ts";
import { z } from "zod";
import { peopleEvents, type AskedApproval, type KnownApproval } from "../store/people.ts";
import type { Ledger, PeopleHost } from "./ledger.ts";

/** One with what exactly was asked for: the body as it came, without its secret fields; not where it is bytes or too long. */
export type OpenApproval = KnownApproval & Required<Pick<KnownApproval, "params" | "query">>;

interface Wanted {
  readonly asked: AskedApproval & { readonly hash: string };
  readonly exactly: Pick<AskedApproval, "params" | "query" | "body">;
  /** By which it would be known if it was asked for before there was a key. */
  readonly digest: string;
}

export interface Approvals {
  /** Those that wait, and those that are approved and not used yet. */
  approvals(): readonly OpenApproval[];
  /** Resolves where another person approved this very call, which uses that up. Undefined where nobody had to. `HOLON_APPROVAL_PENDING`, `HOLON_APPROVAL_FULL`, `HOLON_POLICY_DENIED`. */
  approved(call: Call, decision: Decision): Promise<Spent | undefined>;
  /** The same, and who approved it, with what they signed. */
  approvedBy(call: Call, decision: Decision): Promise<{ readonly by: string; readonly signature: unknown; readonly spent?: Spent | undefined }>;
  /** `HOLON_APPROVAL_BAD` where there is none, or it is the approver's own. */
  approve(id: string, by: Caller, signature?: unknown): Promise<void>;
  /** What would be approved so. As `approve` fails, before anything is done. */
  approvable(id: string, by: Caller, signature?: unknown): OpenApproval;
  /** Also one's own, which takes it back. `HOLON_APPROVAL_BAD`. */
  reject(id: string, because: string, by: Caller): Promise<void>;
}

export function openApprovals(ledger: Ledger, { log, crypto, credentials, concealed, provider, mayCall }: Pick<PeopleHost, "log" | "crypto" | "credentials" | "concealed" | "provider" | "mayCall">): Approvals {
  const { state, inTurn, write, nowMs } = ledger;
  const ownTrail: Lane = { origin: log.origin, stream: "audit" };
  /** Where there are no two people who could agree, and nobody else says who people are, calls that make them wait for nobody: else nothing could ever be changed again. */
  const isMending = ({ caller, resource }: Call): boolean => caller.role !== undefined && !isRole(caller.role) && mending.includes(resource) && provider === undefined && [...state.users.values()].filter(({ role }) => approvers.includes(role)).length < 2;
  /** What nobody can see any more is approved by nobody. */
  const open = (): readonly KnownApproval[] => [...state.approvals.values()].filter(({ id, hash, endsMs }) => nowMs() < endsMs && endsMs - nowMs() <= limits.approvalMs + limits.madeAheadMsMax && (hash === undefined || log.cell(cellOf(id)) !== undefined));

  function askedOf({ caller, resource, route, request }: Call, { rule, reason }: Decision): Wanted {
    const who = printPrincipal(caller.principal);
    const { params, query, body } = request;
    const isBytes = body instanceof Uint8Array;
    const shown = isBytes ? undefined : withoutSecrets(route, body);
    const person = caller.maker?.name ?? caller.principal.name;
    const said = canonicalJson({ who, person, resource, params, query, body: isBytes ? toHex(crypto.sha256(body)) : (shown ?? null) });
    const [hash, digest] = [concealed.hash(said), ledger.hash(said)];
    const isKept = shown !== undefined && canonicalJson(shown).length <= limits.approvalBodyCharactersMax;
    // Asked again after its end it is another one, as it is with another password.
    const id = ledger.hash(`${hash} ${credentials.secret()}`).slice(0, idCharacters);
    return { asked: { id, who, person, resource, hash, rule, reason, endsMs: nowMs() + limits.approvalMs }, exactly: { params, query, ...(isKept ? { body: shown } : {}) }, digest };
  }

  /** Not where the person is gone, has another role by now that may not, or the policy says otherwise since. Of whom a provider knows, the role counts that they had; for as long as a session. */
  function stands({ by, role, signature }: KnownApproval): boolean {
    if (by === undefined) return false;
    const name = by.replace(/^person /, "");
    const now = name.includes("/") ? role : state.users.get(name)?.role;
    return now !== undefined && mayCall({ kind: "person", name }, now, `POST/v1/approvals/{approval}/${signature === undefined ? "approve" : "sign"}`);
  }

  /** Those of the same words, and of these the one of the same password, where there is one; one that is approved before one that waits. */
  async function knownOf({ asked: { hash }, digest }: Wanted, secrets: string | undefined): Promise<KnownApproval | undefined> {
    const same = open().filter((one) => one.hash === hash || one.digest === digest);
    for (const asked of [...same.filter(stands), ...same.filter((one) => !stands(one))]) {
      if (secrets === undefined || (await credentials.matches(secrets, keptOf(asked.id)?.password))) return asked;
    }
    return undefined;
  }

  /** What exactly is asked for, and what its password is held against; of before, that alone as it is, where there was one. */
  function keptOf(id: string): z.infer<typeof keptSchema> | undefined {
    const bytes = log.cell(cellOf(id));
    if (bytes === undefined) return undefined;
    const text = decoder.decode(bytes);
    return text.startsWith("{") ? keptSchema.parse(JSON.parse(text)) : { password: text };
  }

  const shown = (asked: KnownApproval): OpenApproval => {
    const { params = {}, query = {}, body } = asked.hash === undefined ? asked : (keptOf(asked.id) ?? {});
    return { ...asked, params, query, body, ...(asked.by === undefined || stands(asked) ? {} : { by: undefined }) };
  };

  /** Of what waits no more. */
  const leftOver = (): readonly CellChange[] => [...log.cells(cellOf("")).keys()].filter((key) => !open().some(({ id }) => cellOf(id) === key)).map((key) => ({ key, value: null }));

  const approvalOf = (id: string): KnownApproval => {
    const found = open().find((asked) => asked.id === id);
    if (found === undefined) throw new HolonError("HOLON_APPROVAL_BAD", `no call ${id} waits for approval`);
    return found;
  };

  const approvable: Approvals["approvable"] = (id, by, signature) => {
    const asked = approvalOf(id);
    const { kind, name } = by.principal;
    if (kind !== "person") throw new Denial("other-person", "HOLON_APPROVAL_BAD", `${printPrincipal(by.principal)} is no person, and approves nothing`);
    if (asked.person === name) throw new Denial("other-person", "HOLON_APPROVAL_BAD", `${name} asked for ${id} and cannot approve it`, { next: "Have another person approve it." });
    if (asked.by !== undefined && stands(asked)) throw new HolonError("HOLON_APPROVAL_BAD", `${id} was approved by ${asked.by} already`, { next: `${asked.who} may call now, as before.` });
    const told = shown(asked);
    const same = sameSigner(told, signature);
    if (same !== undefined) throw new Denial("other-person", "HOLON_APPROVAL_BAD", `${id} is signed with the ${same}, who asked`, { next: "Sign with a key of your own, under the name that the node's configuration gives it." });
    return told;
  };

  const approvedBy: Approvals["approvedBy"] = (call, decision) =>
    inTurn(async () => {
      if (isMending(call)) return { by: "nobody", signature: undefined };
      if (!isRole(call.caller.role)) {
        throw new Denial(decision.rule, "HOLON_POLICY_DENIED", decision.reason, { next: "Two people are needed, and the machine's token is none: make users with `holon user add`, and log in." });
      }
      const wanted = askedOf(call, decision);
      const secret = secretsOf(call.route, call.request.body);
      const secrets = secret && canonicalJson(secret);
      const known = await knownOf(wanted, secrets);
      if (known?.by !== undefined && stands(known)) {
        const kept = log.cell(cellOf(known.id));
        await write(peopleEvents.used, known.id, { who: known.who, by: known.by }, { open: { id: known.id }, cells: [gone(known.id)] });
        return { by: known.by, signature: known.signature, spent: spentOf({ ...known, by: known.by }, kept) };
      }
      const asked = known ?? wanted.asked;
      if (known === undefined) {
        if (open().length >= limits.approvalsMax) throw new HolonError("HOLON_APPROVAL_FULL", `${open().length} calls wait for approval`);
        const { id, resource, hash, ...said } = wanted.asked;
        const kept = { ...wanted.exactly, ...(secrets === undefined ? {} : { password: await credentials.seal(secrets) }) };
        await write(peopleEvents.asked, id, said, { open: { id, resource, hash }, cells: [...leftOver(), { key: cellOf(id), value: encoder.encode(JSON.stringify(kept)) }] });
      }
      const since = known?.by === undefined ? "" : `, since ${known.by}, who approved it, may not any more`;
      throw new HolonError("HOLON_APPROVAL_PENDING", `${asked.reason}: it waits as ${asked.id}${since}`, { next: `Have another person run \`holon approval approve ${asked.id}\`, then call again as you did.` });
    });

  /** Not where control's own trail says that anything was done since, by whomever: then nobody can say that this call has done nothing. */
  function spentOf(known: KnownApproval & { readonly by: string }, kept: Uint8Array | undefined): Spent {
    const through = log.head(ownTrail)?.sequence ?? 0;
    return {
      giveBack: (code) =>
        inTurn(async () => {
          if (await isAnythingDone(log, ownTrail, through)) return;
          const { id, resource, hash, askedAt, ...said } = known;
          await write(peopleEvents.returned, id, { ...said, askedAt, code }, { open: { id, resource, ...(hash === undefined ? {} : { hash }) }, cells: kept === undefined ? [] : [{ key: cellOf(id), value: kept }] });
        }),
    };
  }

  return {
    approvals: () => open().map(shown),
    approvedBy,
    approved: async (call, decision) => (await approvedBy(call, decision)).spent,
    approvable,
    approve: (id, by, signature) =>
      inTurn(async () => {
        const asked = approvable(id, by, signature);
        const { name } = by.principal;
        const said = { who: asked.who, by: printPrincipal(by.principal), role: by.role, endsMs: nowMs() + (state.users.has(name) ? limits.approvalMs : limits.sessionMs), ...(signature === undefined ? {} : { signature }) };
        await write(peopleEvents.approved, id, said, { open: { id, resource: asked.resource } });
      }),
    reject: (id, because, by) =>
      inTurn(async () => {
        const asked = approvalOf(id);
        await write(peopleEvents.rejected, id, { who: asked.who, because, by: printPrincipal(by.principal) }, { open: { id, resource: asked.resource }, cells: [gone(id)] });
      }),
  };
}

/** Whether its trail tells of anything behind that record but of who asked for what. */
async function isAnythingDone(log: PeopleHost["log"], trail: Lane, through: number): Promise<boolean> {
  const since = await log.read(trail, through + 1, { maxRecords: trailLooked, maxBytes: limits.linkBatchBytesMax });
  const types = since.map((record) => parseStoredEvent(record.bytes, printRecordName(record)).type);
  return (log.head(trail)?.sequence ?? 0) > through + since.length || types.some((type) => !asking.has(type));
}

const asking: ReadonlySet<string> = new Set([decidedEvent, peopleEvents.refused, peopleEvents.asked, peopleEvents.used, peopleEvents.returned, peopleEvents.began, peopleEvents.locked, peopleEvents.loginRefused, peopleEvents.tokenRefused, peopleEvents.sessionRefused]);
const trailLooked = 256;

const keptSchema = z.strictObject({ params: z.record(z.string(), z.string()).optional(), query: z.record(z.string(), z.string()).optional(), body: z.unknown().optional(), password: z.string().optional() });

/** The node takes two signers; here it is seen before the approval is spent. The same words under the same key have the same signature (RFC 8032). */
function sameSigner({ params, body }: Pick<OpenApproval, "params" | "body">, signed: unknown): string | undefined {
  const first = toBeSigned(params, body)?.first;
  const second = signedBySchema.safeParse(signed);
  if (first === undefined || !second.success) return undefined;
  const { signer, signature } = first;
  return second.data.signature === signature ? `key of ${signer}` : second.data.signer === signer ? `name of ${signer}` : undefined;
}

const cellOf = (id: string): string => `approval/${id}`;
const gone = (id: string): CellChange => ({ key: cellOf(id), value: null });
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const idCharacters = 8;
const approvers: readonly string[] = ["owner", "operator"];
/** What the machine's token may do for a fleet that nobody can log in to. */
const mending: readonly string[] = ["POST/v1/users", "PUT/v1/users/{user}/password"];
