import type { ApiProblem } from "../api.ts";

/** What went wrong, on what, and what to do. */
export function Problem({ problem }: { readonly problem: ApiProblem | { readonly code: string; readonly message: string; readonly next: string } | undefined }) {
  if (problem === undefined) return null;
  return (
    <div class="problem" role="alert">
      <strong>{problem.message}</strong>
      {problem.next !== "" && <span> {problem.next}</span>}
      <code>{problem.code}</code>
    </div>
  );
}
