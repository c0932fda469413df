/** `holon doctor --hardening`: whether this machine is as the written list says. Talks to nobody. */
import { judgeMachine } from "@holon/core/hardening/judge.ts";
import { machineFacts } from "@holon/platform/machine-facts.ts";

/** Resolves to whether nothing is bad. */
export function inspectMachine(data: string, json: boolean): boolean {
  const findings = judgeMachine(machineFacts({ data, nowMs: Date.now() }));
  if (json) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else for (const { check, state, found, reason, next } of findings) process.stdout.write(`${state.padEnd(7)}  ${check.padEnd(16)} ${found}${next === undefined ? "" : `\n                          why:  ${reason}\n                          next: ${next}`}\n`);
  return findings.every(({ state }) => state !== "bad");
}
