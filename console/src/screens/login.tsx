/** Who one is: a name and a password where people are declared, or the token of the machine. */
import { useEffect, useState } from "preact/hooks";
import { get, send, type ApiProblem } from "../api.ts";
import { Problem } from "../parts/problem.tsx";
import { isTokenOffered, servedByControl, setToken, takeOfferedToken, wasTokenRefused } from "../session.ts";
import { words } from "../strings.ts";
import { ProviderLogin } from "./login-provider.tsx";
import { repeat } from "../repeat.ts";
import { asProblem } from "../use-polled.ts";

const t = words.login;
/** What one can log in by changes seldom; who did not answer is asked again soon. */
const [againMs, failedMs] = [60_000, 2_000];

/** By what one can log in; nothing where nobody says. */
interface Ways {
  readonly accounts: boolean;
  readonly provider: string | null;
}

export function Login() {
  const [ways, setWays] = useState<Ways>();
  const [problem, setProblem] = useState<ApiProblem>();
  useEffect(() => {
    if (!servedByControl()) return undefined;
    const asked = repeat(
      async () => {
        setWays(await get<Ways>("/v1/login"));
        setProblem(undefined);
        return againMs;
      },
      (error) => setProblem(asProblem(error)),
      failedMs,
    );
    return asked.end;
  }, []);
  return (
    <div class="login">
      <h2>{t.title}</h2>
      {wasTokenRefused() && <p class="warning" role="alert">{t.refused}</p>}
      {isTokenOffered() && <p>{t.offered} <button type="button" onClick={takeOfferedToken}>{t.takeOffered}</button></p>}
      {servedByControl() && <ProviderLogin provider={ways?.provider ?? null} />}
      {ways === undefined && <Problem problem={problem} />}
      {ways?.accounts === true && <PasswordForm />}
      <section>
        <p>{servedByControl() ? t.machine : t.machineOnly}</p>
        <pre><code>npx holon console</code></pre>
        <TokenForm />
      </section>
    </div>
  );
}

function PasswordForm() {
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const data = new FormData(event.currentTarget);
    setBusy(true);
    try {
      const answer = await send<{ readonly token: string }>("POST", "/v1/login", { name: data.get("name"), password: data.get("password") });
      setToken(answer.token);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-label={t.title}>
      <label class="field"><span>{t.name}</span><input name="name" autocomplete="username" required autocapitalize="none" spellcheck={false} /></label>
      <label class="field"><span>{t.password}</span><input name="password" type="password" autocomplete="current-password" required /></label>
      <Problem problem={problem} />
      <button type="submit" class="main" disabled={busy}>{busy ? t.busy : t.submit}</button>
    </form>
  );
}

function TokenForm() {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const given = new FormData(event.currentTarget).get("token");
    if (typeof given === "string" && given.trim() !== "") setToken(given.trim());
  };
  return (
    <details>
      <summary>{t.withToken}</summary>
      <form onSubmit={submit}>
        <label class="field"><span>{t.token}</span><input name="token" type="password" autocomplete="off" required /></label>
        <button type="submit">{t.useToken}</button>
      </form>
    </details>
  );
}
