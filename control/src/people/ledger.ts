/** What users, tokens and approvals have in common: the state as it was folded, and the one way to change it. */
import type { Caller } from "@holon/core/api/caller.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Principal } from "@holon/core/policy/principal.ts";
import { isRole, type CallerRole, type Role } from "@holon/core/policy/roles.ts";
import type { Clock, Credentials, Crypto, IdentityProvider } from "@holon/core/ports.ts";
import type { ProviderConfig } from "@holon/core/schema/provider.ts";
import { createTurns, type InTurn } from "@holon/core/turns.ts";
import type { FleetTime } from "../fleet-time.ts";
import type { PeopleState } from "../store/people.ts";
import type { Concealed } from "./concealed.ts";

export interface PeopleHost {
  readonly log: Log;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly credentials: Credentials;
  readonly state: PeopleState;
  readonly time: FleetTime;
  /** Who else says who people are, and what its claims stand for here. */
  readonly provider?: { readonly port: IdentityProvider; readonly config: ProviderConfig } | undefined;
  /** Whether the policy that is in force lets somebody of that role call a route. */
  mayCall(principal: Principal, role: CallerRole, resource: string): boolean;
  readonly concealed: Concealed;
  record(type: string, subject: string | undefined, data: unknown): NewRecord;
  /** Takes in what was written. */
  follow(): Promise<void>;
  /** What nobody waits for could not be written. */
  failed(error: unknown): void;
}

export interface Ledger {
  readonly state: PeopleState;
  readonly inTurn: InTurn;
  /** Resolves when it is on disk and in the state. All of it is concealed but `open`. */
  write(type: string, subject: string, data: Readonly<Record<string, unknown>>, more?: { readonly open?: Readonly<Record<string, string>>; readonly cells?: readonly CellChange[] }): Promise<void>;
  /** For what ends on a day. */
  nowMs(): number;
  hash(text: string): string;
}

const encoder = new TextEncoder();

export function openLedger({ log, time, crypto, state, concealed, record, follow }: PeopleHost): Ledger {
  return {
    state,
    inTurn: createTurns(),
    async write(type, subject, data, { open = {}, cells = [] } = {}) {
      const sealed = concealed.conceal(type, { subject, data });
      await log.append({ records: [record(type, undefined, { ...open, sealed })], cells: [...cells, ...concealed.keyCells(), time.cell()] });
      await follow();
    },
    nowMs: time.nowMs,
    hash: (text) => toHex(crypto.sha256(encoder.encode(text))),
  };
}

/** Nobody gives what they do not have. Who holds the machine's token can reach everything on its disk anyway. */
export const mayGive = (giver: Caller["role"], role: Role): boolean => giver === "owner" || !isRole(giver) || role === giver || role === "viewer";
