/** The people of a fleet: who they are, what stands for them, and what two of them have to agree on. */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import type { Call } from "@holon/core/api/guarded.ts";
import { createCounted } from "@holon/core/counted.ts";
import type { Decision } from "@holon/core/policy/policy.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Event } from "@holon/core/schema/event.ts";
import { peopleEvents, type Said } from "../store/people.ts";
import { openApprovals, type Approvals } from "./approvals.ts";
import { createTeller } from "../teller.ts";
import { openLedger, type PeopleHost } from "./ledger.ts";
import { openTokens, type Tokens } from "./tokens.ts";
import { openProvided, type Provided } from "./provided.ts";
import { Sessions } from "./sessions.ts";
import { createShow } from "./told.ts";
import { openUsers, type Users } from "./users.ts";

export interface People extends Omit<Users, "callerOf">, Omit<Tokens, "callerOf" | "ended">, Approvals, Provided {
  /** By the token of a session, or an API token; undefined where it is none, or holds no more. */
  callerOf(token: string): Caller | undefined;
  /** Who shows the machine's token. */
  machine(): Caller;
  /** An event of the trail as this caller may read it. */
  show(event: Event, caller: Caller): Event;
  /** What the guard of this node says of somebody, and what is to be written with it. */
  conceal(type: string, said: Said): { readonly sealed: string; readonly cells: readonly CellChange[] };
  /** For the trail: a call that was denied. The same is told once in a while. */
  refused(call: Call, decision: Decision): Promise<void>;
  /** The same of somebody who showed what stands for nobody, or does no more. */
  turnedAway(token: string, address: string): void;
}

interface Unproved {
  readonly type: string;
  readonly subject: string;
  /** Of the token, or of who had the session. */
  readonly name: string | null;
  readonly because: string;
  readonly address: string;
}

export function openPeople(host: PeopleHost): People {
  const ledger = openLedger(host);
  const sessions = new Sessions(() => host.clock.monotonicMs());
  const users = openUsers(ledger, host, sessions);
  const tokens = openTokens(ledger, host.credentials);
  const unproved = createCounted<Unproved>(host.clock, ({ type, subject, ...data }, count) => {
    ledger.write(type, subject, { ...data, count }).catch(host.failed);
  });
  const isNews = createTeller(() => host.clock.monotonicMs());
  return {
    ...users,
    ...tokens,
    ...openProvided(ledger, host, sessions),
    ...openApprovals(ledger, host),
    callerOf: (token) => users.callerOf(token) ?? tokens.callerOf(token),
    show: createShow(host.concealed.reveal, host.mayCall),
    conceal: (type, said) => ({ sealed: host.concealed.conceal(type, said), cells: host.concealed.keyCells() }),
    machine: () => (users.hasOwner() ? { ...machineCaller, role: "bootstrap" } : machineCaller),
    turnedAway(token, address) {
      const session = sessions.ended(ledger.hash(token));
      const { name, because } = session ?? tokens.ended(token) ?? { name: null, because: "nothing is known of it" };
      const type = session === undefined ? peopleEvents.tokenRefused : peopleEvents.sessionRefused;
      // What nobody ever had is anybody's to make up.
      unproved.came(`${type} ${name ?? ""}`, { type, subject: name ?? "unknown", name, because, address });
    },
    close() {
      users.close();
      unproved.close();
    },
    async refused({ caller, resource }, { rule, reason }) {
      const who = printPrincipal(caller.principal);
      if (isNews(`${who} ${resource} ${rule}`)) await ledger.write(peopleEvents.refused, who, { who, role: caller.role, reason }, { open: { resource, rule } });
    },
  };
}
