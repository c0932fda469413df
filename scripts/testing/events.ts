/** What the reporter in the test process tells the runner, one JSON object a line. */
export type RunnerEvent =
  /** Told at once. */
  | { readonly kind: "began"; readonly file: string; readonly name: string }
  /** Told in the order of declaration, later than it happened. */
  | { readonly kind: "result"; readonly result: TestResult }
  /** Nothing runs, but the process is still there, held by these. */
  | { readonly kind: "idle"; readonly resources: readonly string[] }
  /** The last test was reported. */
  | { readonly kind: "finished" };

export interface TestResult {
  readonly file: string;
  /** With the suites around it: `suite > test`. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason: string;
}
