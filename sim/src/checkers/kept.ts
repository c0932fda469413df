/** What a parent has acknowledged it has, whatever happens to it: nobody below ever tells that it holds less than it had. */
import type { LogRecord } from "@holon/core/log/log.ts";
import { dataOf } from "../lane-ledger.ts";

/** `alarms`: of one node, in a world in which no disk is damaged, copied or put back. */
export function checkKept(node: string, alarms: readonly LogRecord[]): readonly string[] {
  const told = alarms.map(({ bytes }) => dataOf(bytes)).filter((data) => typeof data === "object" && data !== null && "lanes" in data && String("message" in data ? data.message : "").includes("holds less than it had acknowledged"));
  return told.map((data) => `${node} tells that its parent holds less than it had acknowledged: ${JSON.stringify(data).slice(0, 200)}`);
}
