/**
 * Calls that the policy wants two people for.
 *
 *     called ─▶ waits ─▶ approved by another person ─▶ the same call again, once ─▶ done
 *                 └─▶ rejected, or its time is over
 *
 * What is approved is one call of one caller, word by word: it is known again by a hash of all of it, and by what its passwords are held against, which stands in a cell as those of users
 * do. The call itself is not kept to be made later, since it may hold what only its caller should, and its answer belongs to its caller. An approval is worth what its giver may by the time
 * of the call: where they may approve no more, the call waits for somebody who does.
 */
import type { Caller } from "@holon/core/api/caller.ts";
import type { Call } from "@holon/core/api/guarded.ts";
import { secretsOf, withoutSecrets } from "@holon/core/api/without-secrets.ts";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { isRole } from "@holon/core/policy/roles.ts";
import { peopleEvents, type AskedApproval, type KnownApproval } from "../store/people.ts";
import type { Ledger, PeopleHost } from "./ledger.ts";

export interface Approvals {
  /** Those that wait, and those that are approved and not used yet. */
  approvals(): readonly KnownApproval[];
  /** Resolves where another person approved this very call, which uses that up. `HOLON_APPROVAL_PENDING`, `HOLON_APPROVAL_FULL`, `HOLON_POLICY_DENIED`. */
  approved(call: Call, decision: Decision): Promise<void>;
  /** The same, and who approved it, with what they signed. */
  approvedBy(call: Call, decision: Decision): Promise<{ readonly by: string; readonly signature: unknown }>;
  /** `HOLON_APPROVAL_BAD` where there is none, or it is the approver's own. */
  approve(id: string, by: Caller, signature?: unknown): Promise<void>;
  /** Also one's own, which takes it back. `HOLON_APPROVAL_BAD`. */
  reject(id: string, because: string, by: Caller): Promise<void>;
}

export function openApprovals(ledger: Ledger, { log, crypto, credentials, provider, mayCall }: Pick<PeopleHost, "log" | "crypto" | "credentials" | "provider" | "mayCall">): Approvals {
  const { state, inTurn, write, nowMs } = ledger;
  /** Where there are no two people who could agree, and nobody else says who people are, calls that make them wait for nobody: else nothing could ever be changed again. */
  const isMending = ({ caller, resource }: Call): boolean => caller.role !== undefined && !isRole(caller.role) && mending.includes(resource) && provider === undefined && [...state.users.values()].filter(({ role }) => approvers.includes(role)).length < 2;
  const open = (): readonly KnownApproval[] => [...state.approvals.values()].filter(({ endsMs }) => nowMs() < endsMs && endsMs - nowMs() <= limits.approvalMs + limits.madeAheadMsMax);

  function askedOf({ caller, resource, route, request }: Call, { rule, reason }: Decision): AskedApproval {
    const who = printPrincipal(caller.principal);
    const { params, query, body } = request;
    const isBytes = body instanceof Uint8Array;
    const shown = isBytes ? undefined : withoutSecrets(route, body);
    const person = caller.maker?.name ?? caller.principal.name;
    const said = { who, person, resource, params, query, body: isBytes ? toHex(crypto.sha256(body)) : (shown ?? null) };
    const digest = ledger.hash(canonicalJson(said));
    const isKept = shown !== undefined && canonicalJson(shown).length <= limits.approvalBodyCharactersMax;
    // Asked again after its end it is another one, as it is with another password.
    const id = ledger.hash(`${digest} ${credentials.secret()}`).slice(0, idCharacters);
    return { id, who, person, resource, params, query, ...(isKept ? { body: shown } : {}), digest, rule, reason, endsMs: nowMs() + limits.approvalMs };
  }

  /** Not where the person is gone, has another role by now that may not, or the policy says otherwise since. Of whom a provider knows, the role counts that they had; for as long as a session. */
  function stands({ by, role, signature }: KnownApproval): boolean {
    if (by === undefined) return false;
    const name = by.replace(/^person /, "");
    const now = name.includes("/") ? role : state.users.get(name)?.role;
    return now !== undefined && mayCall({ kind: "person", name }, now, `POST/v1/approvals/{approval}/${signature === undefined ? "approve" : "sign"}`);
  }

  /** Those of the same words, and of these the one of the same password, where there is one. */
  async function knownOf(digest: string, secrets: string | undefined): Promise<KnownApproval | undefined> {
    for (const asked of open().filter((one) => one.digest === digest)) {
      const sealed = log.cell(cellOf(asked.id));
      if (secrets === undefined || (await credentials.matches(secrets, sealed && decoder.decode(sealed)))) return asked;
    }
    return undefined;
  }

  /** Of what waits no more. */
  const leftOver = (): readonly CellChange[] => [...log.cells(cellOf("")).keys()].filter((key) => !open().some(({ id }) => cellOf(id) === key)).map((key) => ({ key, value: null }));

  const approvalOf = (id: string): KnownApproval => {
    const found = open().find((asked) => asked.id === id);
    if (found === undefined) throw new HolonError("HOLON_APPROVAL_BAD", `no call ${id} waits for approval`);
    return found;
  };

  const approvedBy: Approvals["approvedBy"] = (call, decision) =>
    inTurn(async () => {
      if (isMending(call)) return { by: "nobody", signature: undefined };
      if (!isRole(call.caller.role)) {
        throw new HolonError("HOLON_POLICY_DENIED", decision.reason, { next: "Two people are needed, and the machine's token is none: make users with `holon user add`, and log in." });
      }
      const wanted = askedOf(call, decision);
      const secret = secretsOf(call.route, call.request.body);
      const secrets = secret && canonicalJson(secret);
      const known = await knownOf(wanted.digest, secrets);
      if (known?.by !== undefined && stands(known)) {
        await write(peopleEvents.used, known.id, { id: known.id, who: known.who, by: known.by }, [gone(known.id)]);
        return { by: known.by, signature: known.signature };
      }
      const asked = known ?? wanted;
      if (known === undefined) {
        if (open().length >= limits.approvalsMax) throw new HolonError("HOLON_APPROVAL_FULL", `${open().length} calls wait for approval`);
        const sealed = secrets === undefined ? [] : [{ key: cellOf(asked.id), value: encoder.encode(await credentials.seal(secrets)) }];
        await write(peopleEvents.asked, asked.id, asked, [...leftOver(), ...sealed]);
      }
      const since = known?.by === undefined ? "" : `, since ${known.by}, who approved it, may not any more`;
      throw new HolonError("HOLON_APPROVAL_PENDING", `${asked.reason}: it waits as ${asked.id}${since}`, { next: `Have another person run \`holon approval approve ${asked.id}\`, then call again as you did.` });
    });

  return {
    approvals: () => open().map((asked) => (asked.by === undefined || stands(asked) ? asked : { ...asked, by: undefined })),
    approvedBy,
    approved: async (call, decision) => void (await approvedBy(call, decision)),
    approve: (id, by, signature) =>
      inTurn(async () => {
        const asked = approvalOf(id);
        const { kind, name } = by.principal;
        if (kind !== "person") throw new HolonError("HOLON_APPROVAL_BAD", `${printPrincipal(by.principal)} is no person, and approves nothing`);
        if (asked.person === name) throw new HolonError("HOLON_APPROVAL_BAD", `${name} asked for ${id} and cannot approve it`, { next: "Have another person approve it." });
        if (asked.by !== undefined && stands(asked)) throw new HolonError("HOLON_APPROVAL_BAD", `${id} was approved by ${asked.by} already`, { next: `${asked.who} may call now, as before.` });
        await write(peopleEvents.approved, id, { id, who: asked.who, resource: asked.resource, by: printPrincipal(by.principal), role: by.role, endsMs: nowMs() + (state.users.has(name) ? limits.approvalMs : limits.sessionMs), ...(signature === undefined ? {} : { signature }) });
      }),
    reject: (id, because, by) =>
      inTurn(async () => {
        const asked = approvalOf(id);
        await write(peopleEvents.rejected, id, { id, who: asked.who, resource: asked.resource, because, by: printPrincipal(by.principal) }, [gone(id)]);
      }),
  };
}

const cellOf = (id: string): string => `approval/${id}`;
const gone = (id: string): CellChange => ({ key: cellOf(id), value: null });
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const idCharacters = 8;
const approvers: readonly string[] = ["owner", "operator"];
/** What the machine's token may do for a fleet that nobody can log in to. */
const mending: readonly string[] = ["POST/v1/users", "PUT/v1/users/{user}/password"];
