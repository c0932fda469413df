/** Commands that a node declares, run over its own link: fixed words, with the arguments that it allows. The node decides once more, and tells in its trail who asked. */
import { useState } from "preact/hooks";
import type { DeclaredCommand } from "@holon/core/diagnosis/commands.ts";
import type { Outcome } from "@holon/core/diagnosis/results.ts";
import { get, type ApiProblem } from "../api.ts";
import { age, bytes } from "../format.ts";
import { Choice } from "../parts/choice.tsx";
import { Problem } from "../parts/problem.tsx";
import { Section } from "../parts/section.tsx";
import { words } from "../strings.ts";
import { asProblem } from "../use-polled.ts";
import { useRequest } from "../use-request.ts";

type Command = Pick<DeclaredCommand, "name" | "about" | "arguments" | "timeoutMs" | "class">;

const t = words.commands;

export function Commands({ name }: { readonly name: string }) {
  const [commands, setCommands] = useState<readonly Command[]>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [isAsking, setAsking] = useState(false);

  async function look(): Promise<void> {
    setAsking(true);
    setProblem(undefined);
    try {
      setCommands((await get<{ readonly commands: readonly Command[] }>(`/v1/nodes/${encodeURIComponent(name)}/commands`)).commands);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setAsking(false);
  }

  return (
    <Section title={t.title}>
      {commands === undefined && <p><button type="button" disabled={isAsking} onClick={() => void look()}>{isAsking ? words.loading : t.look}</button> <span class="soft">{t.hint}</span></p>}
      <Problem problem={problem} />
      {commands?.length === 0 && <p class="empty">{t.none}</p>}
      {commands !== undefined && commands.length > 0 && <Run key={name} name={name} commands={commands} />}
    </Section>
  );
}

function Run({ name, commands }: { readonly name: string; readonly commands: readonly Command[] }) {
  const [chosen, setChosen] = useState(commands[0]?.name ?? "");
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const [outcome, setOutcome] = useState<{ readonly of: string; readonly told: Outcome }>();
  const request = useRequest(name);
  const command = commands.find((one) => one.name === chosen);
  if (command === undefined) return null;
  const valueOf = ({ name: argument, values }: Command["arguments"][number]): string => given[argument] ?? values?.[0] ?? "";
  const filled = Object.fromEntries(command.arguments.map((argument) => [argument.name, valueOf(argument)]));

  async function run({ timeoutMs }: Command): Promise<void> {
    setOutcome(undefined);
    const told = await request.ask({ kind: "exec", command: chosen, arguments: filled }, timeoutMs);
    if (told !== undefined) setOutcome({ of: [chosen, ...Object.entries(filled).map(([key, value]) => `${key}=${value}`)].join(" "), told: told as Outcome }); // the API that made this page answered it
  }

  return (
    <>
      <form class="toolbar" onSubmit={(event) => (event.preventDefault(), void run(command))}>
        <Choice label={t.command} value={chosen} options={commands.map((one) => ({ value: one.name, label: one.name }))} choose={(value) => (setChosen(value), setGiven({}))} />
        {/* A browser reads patterns by other rules than the node, which decides. */}
        {command.arguments.map((argument) => {
          const set = (value: string): void => setGiven({ ...given, [argument.name]: value });
          if (argument.values !== undefined) return <Choice key={argument.name} label={argument.name} value={valueOf(argument)} options={argument.values.map((value) => ({ value, label: value }))} choose={set} />;
          return <label class="field" key={argument.name}><span>{argument.name}</span><input type="text" required title={t.pattern(argument.pattern ?? "")} value={valueOf(argument)} onInput={(event) => set(event.currentTarget.value)} /></label>;
        })}
        <button type="submit" disabled={request.busy !== undefined}>{request.busy === undefined ? t.run : words.loading}</button>
      </form>
      <p class="soft">{command.about ?? ""}{command.about === undefined ? "" : "; "}{t.bounds(age(command.timeoutMs), command.class)}</p>
      <Problem problem={request.problem} />
      {request.waits !== undefined && <p class="warning" role="status">{words.diagnosis.waits(request.waits)}</p>}
      {outcome !== undefined && <Told of={outcome.of} told={outcome.told} />}
    </>
  );
}

function Told({ of, told: { exitCode, ended, output, outputBytes, withheld } }: { readonly of: string; readonly told: Outcome }) {
  return (
    <>
      <p role="status"><code>{of}</code> <span class={exitCode === 0 ? "" : "bad"}>{ended === "itself" ? t.exit(exitCode) : t.ended[ended]}</span> <span class="soft">{bytes(outputBytes)}</span></p>
      {withheld !== undefined && <p class="warning">{withheld}</p>}
      {output !== null && <pre class="lines" tabIndex={0} role="region" aria-label={t.output(of)}>{output === "" ? t.silent : output}</pre>}
    </>
  );
}
