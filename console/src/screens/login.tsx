/** Who one is: a name and a password where people are declared, or the token of the machine. */
import { useState } from "preact/hooks";
import { send, type ApiProblem } from "../api.ts";
import { Problem } from "../parts/problem.tsx";
import { servedByControl, setToken } from "../session.ts";
import { words } from "../strings.ts";
import { ProviderLogin } from "./login-provider.tsx";
import { asProblem } from "../use-polled.ts";

const t = words.login;

export function Login() {
  return (
    <div class="login">
      {servedByControl() && <ProviderLogin />}
      {servedByControl() && <PasswordForm />}
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
    <form onSubmit={(event) => void submit(event)} aria-labelledby="login-title">
      <h2 id="login-title">{t.title}</h2>
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
