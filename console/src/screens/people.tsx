/** Who one is here, who else there is, and what waits for a second person. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api.ts";
import { clock } from "../format.ts";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import { setToken } from "../session.ts";
import { words } from "../strings.ts";
import { usePolled, type Polled } from "../use-polled.ts";
import { useSend } from "../use-send.ts";

interface Approval {
  readonly id: string;
  readonly who: string;
  readonly resource: string;
  readonly params: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly rule: string;
  readonly reason: string;
  readonly askedAt: string;
  readonly endsAt: string;
  readonly approvedBy: string | null;
}

const t = words.people;
const everyMs = 5_000;

export function People() {
  const session = usePolled<{ readonly principal: string; readonly role: string }>("/v1/session", everyMs);
  const users = usePolled<{ readonly users: readonly { readonly name: string; readonly role: string; readonly addedAt: string }[] }>("/v1/users", everyMs);
  const tokens = usePolled<{ readonly tokens: readonly { readonly name: string; readonly role: string; readonly by: string; readonly endsAt: string }[] }>("/v1/tokens", everyMs);
  const approvals = usePolled<{ readonly approvals: readonly Approval[] }>("/v1/approvals", everyMs);
  const isMachine = session.value?.principal === "token machine";
  const logout = (): void => void (isMachine ? Promise.resolve() : send("DELETE", "/v1/session")).finally(() => setToken(undefined));
  return (
    <>
      <Section title={t.you}>
        <Problem problem={session.problem} />
        {session.value !== undefined && <p><b>{session.value.principal}</b>, {t.role} <b>{session.value.role}</b> <button type="button" onClick={logout}>{isMachine ? t.logoutMachine : t.logout}</button></p>}
      </Section>
      <Section title={t.approvals}>
        <Known polled={approvals}>
          {approvals.value?.approvals.length === 0 ? <p class="empty">{t.nothingWaits}</p> : <ul class="cards">{approvals.value?.approvals.map((approval) => <li key={approval.id} class="card"><Waiting approval={approval} again={approvals.again} /></li>)}</ul>}
        </Known>
      </Section>
      <Section title={t.users}>
        <Known polled={users}>
          {users.value?.users.length === 0 ? <p class="empty">{t.none}</p> : <Table label={t.users} columns={[t.columns.name, t.columns.role, t.columns.added]} rows={(users.value?.users ?? []).map(({ name, role, addedAt }) => ({ key: name, cells: [name, role, clock(addedAt)] }))} />}
        </Known>
      </Section>
      <Section title={t.tokens}>
        <Known polled={tokens}>
          {tokens.value?.tokens.length === 0 ? <p class="empty">{words.none}</p> : <Table label={t.tokens} columns={[t.columns.name, t.columns.role, t.columns.by, t.columns.ends]} rows={(tokens.value?.tokens ?? []).map(({ name, role, by, endsAt }) => ({ key: name, cells: [name, role, by, clock(endsAt)] }))} />}
        </Known>
      </Section>
    </>
  );
}

/** Not everybody's role shows everything, and that is no fault. */
function Known({ polled: { value, problem }, children }: { readonly polled: Polled<unknown>; readonly children: ComponentChildren }) {
  if (problem?.code === "HOLON_POLICY_DENIED") return <p class="empty">{t.notYours}</p>;
  if (value === undefined) return <Problem problem={problem} />;
  return <>{children}</>;
}

function Waiting({ approval: { id, who, resource, params, body, reason, endsAt, approvedBy }, again }: { readonly approval: Approval; again(): void }) {
  const { send: ask, problem } = useSend(again);
  const [because, setBecause] = useState("");
  const answer = (verb: "approve" | "reject"): void => ask("POST", `/v1/approvals/${encodeURIComponent(id)}/${verb}`, verb === "reject" ? { because } : undefined);
  return (
    <>
      <p><b>{who}</b> <code>{resource}</code> {Object.values(params).join(" ")}</p>
      <p class="soft">{reason}; {t.ends} {clock(endsAt)}</p>
      {body !== undefined && <details><summary>{words.events.data}</summary><pre>{JSON.stringify(body, undefined, 2)}</pre></details>}
      {approvedBy === null ? (
        <div class="toolbar">
          <button type="button" class="main" onClick={() => answer("approve")}>{t.approve}</button>
          <label class="field"><span>{t.because}</span><input value={because} onInput={(event) => setBecause(event.currentTarget.value)} /></label>
          <button type="button" disabled={because === ""} onClick={() => answer("reject")}>{t.reject}</button>
        </div>
      ) : <p class="soft">{approvedBy}</p>}
      <Problem problem={problem} />
    </>
  );
}
