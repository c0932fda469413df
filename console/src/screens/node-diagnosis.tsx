/** A node looked into from here: its log as it is said, its report, its bundle, its commands, where its time goes. What the caller may not is said, not hidden. */
import { useEffect, useState } from "preact/hooks";
import type { LogLine, LogsAnswer } from "@holon/core/diagnosis/ask.ts";
import type { Bundle } from "@holon/core/diagnosis/results.ts";
import type { Finding } from "@holon/core/diagnosis/findings.ts";
import { follow, type ApiProblem } from "../api.ts";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { repeat } from "../repeat.ts";
import { words } from "../strings.ts";
import { asProblem } from "../use-polled.ts";
import { useRequest } from "../use-request.ts";
import { save } from "../save.ts";
import { Commands } from "./node-commands.tsx";
import { Profile } from "./node-profile.tsx";

const t = words.diagnosis;
const everyMs = 2_000;
const shownMax = 500;

export function Diagnosis({ name }: { readonly name: string }) {
  return (
    <>
      <Report name={name} />
      <Logs name={name} />
      <Commands name={name} />
      <Profile name={name} />
    </>
  );
}

function Logs({ name }: { readonly name: string }) {
  const [isOpen, setOpen] = useState(false);
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [missed, setMissed] = useState(0);
  const [problem, setProblem] = useState<ApiProblem>();
  useEffect(() => {
    if (!isOpen) return;
    let after: string | null = null;
    // One call for as long as somebody looks: where two have to want it, they are asked once.
    const look = async (ended: AbortSignal): Promise<number> => {
      for await (const answer of follow<LogsAnswer>(`/v1/nodes/${encodeURIComponent(name)}/logs${after === null ? "" : `?after=${encodeURIComponent(after)}`}`, ended)) {
        after = answer.after ?? after;
        setLines((before) => [...before, ...answer.lines].slice(-shownMax));
        setMissed((before) => before + answer.missed);
        setProblem(undefined);
        if (document.hidden) break;
      }
      return everyMs;
    };
    setLines([]);
    setMissed(0);
    return repeat(look, (error) => setProblem(asProblem(error)), everyMs).end;
  }, [isOpen, name]);
  return (
    <Section title={t.logs} aside={<button type="button" aria-pressed={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? t.pause : t.follow}</button>}>
      <Problem problem={problem} />
      {isOpen && missed > 0 && <p class="warning" role="status">{t.missed(missed)}</p>}
      {isOpen && <pre class="lines" tabIndex={0} role="log" aria-label={t.logs}>{lines.length === 0 ? t.noLines : lines.map((line) => <div key={line.id} class={line.level === "error" ? "bad" : line.level === "warn" ? "warn" : ""}>{line.at} {line.level} {line.message}{line.times === undefined ? "" : ` ${t.times(line.times, line.lastAt)}`}</div>)}</pre>}
      {!isOpen && <p class="soft">{t.logsHint}</p>}
    </Section>
  );
}

function Report({ name }: { readonly name: string }) {
  const [findings, setFindings] = useState<readonly Finding[]>();
  const { busy, problem, waits, ask } = useRequest(name);

  async function report(): Promise<void> {
    const result = await ask({ kind: "report" });
    if (result !== undefined) setFindings(findingsIn(result));
  }

  async function bundle(): Promise<void> {
    const result = await ask({ kind: "bundle" });
    if (result !== undefined) keep(name, bundleIn(result));
  }

  return (
    <Section title={t.report}>
      <p>
        <button type="button" disabled={busy !== undefined} onClick={() => void report()}>{busy === "report" ? words.loading : t.askReport}</button>{" "}
        <button type="button" disabled={busy !== undefined} onClick={() => void bundle()}>{busy === "bundle" ? words.loading : t.askBundle}</button>
      </p>
      <Problem problem={problem} />
      {waits !== undefined && <p class="warning" role="status">{t.waits(waits)}</p>}
      {findings !== undefined && (
        <ul class="plain">
          {findings.map(({ state, says, next }) => <li key={says}><strong class={state === "bad" ? "bad" : ""}>{t.states[state]}</strong> {says}{next !== undefined && <div class="soft">{t.next}: {next}</div>}</li>)}
        </ul>
      )}
    </Section>
  );
}

/** The API that made this page answered it. */
const findingsIn = (result: unknown): readonly Finding[] => (result as { readonly findings: readonly Finding[] }).findings;
const bundleIn = (result: unknown): Bundle => result as Bundle;

/** The bundle's files one after another. */
const keep = (name: string, { files }: Bundle): void => save(`${name}-bundle.txt`, files.map((file) => `=== ${file.path}\n${file.text}\n`).join(""), "text/plain");
