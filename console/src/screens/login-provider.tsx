/** Where an identity provider is known, one button that goes there. */
import { useEffect, useState } from "preact/hooks";
import type { ApiProblem } from "../api.ts";
import { Problem } from "../parts/problem.tsx";
import { beginProviderLogin, finishProviderLogin, isProviderAnswer } from "../provider-login.ts";
import { words } from "../strings.ts";
import { asProblem } from "../use-polled.ts";

const t = words.login;

export function ProviderLogin({ provider }: { readonly provider: string | null }) {
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(isProviderAnswer());
  const attempt = (work: () => Promise<unknown>): void => {
    setBusy(true);
    work().catch((error: unknown) => setProblem(asProblem(error))).finally(() => setBusy(false));
  };
  useEffect(() => {
    if (isProviderAnswer()) attempt(finishProviderLogin);
  }, []);
  if (provider === null && problem === undefined) return null;
  return (
    <section>
      <Problem problem={problem} />
      {provider !== null && <button type="button" class="main" disabled={busy} onClick={() => attempt(beginProviderLogin)}>{busy ? t.busy : t.withProvider(provider)}</button>}
    </section>
  );
}
