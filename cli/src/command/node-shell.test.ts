import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { typeLines } from "./node-shell.ts";

async function* script(...lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** What was sent, where sending the line of that number fails. */
async function typed(lines: readonly string[], failsAt: number, code: "HOLON_SHELL_ENDED" | "HOLON_LINK_UNREACHABLE"): Promise<readonly string[]> {
  const sent: string[] = [];
  await typeLines(script(...lines), "id", { sign: () => "" }, async ({ sequence, text }) => {
    if (sequence >= failsAt) throw new HolonError(code, "it does not go");
    sent.push(text.trim());
  }, () => false);
  return sent;
}

test("a script that is typed by half is a failure, and one that ends by exit is none", async () => {
  assert.deepEqual(await typed(["a", "b"], 9, "HOLON_SHELL_ENDED"), ["a", "b", "exit"]);
  assert.deepEqual(await typed(["a", "exit", "b"], 3, "HOLON_SHELL_ENDED"), ["a", "exit"]);
  await assert.rejects(typed(["a", "b", "c"], 2, "HOLON_LINK_UNREACHABLE"), { code: "HOLON_LINK_UNREACHABLE" });
  await assert.rejects(typed(["a", "b", "c"], 2, "HOLON_SHELL_ENDED"), { code: "HOLON_SHELL_ENDED", message: /before line 2 was typed/ });
  await assert.rejects(typed(["if false; then", "  exit 1", "fi", "b"], 4, "HOLON_SHELL_ENDED"), { code: "HOLON_SHELL_ENDED", message: /before line 4 was typed/ });
  await assert.rejects(typed(["a", "exit", "b"], 3, "HOLON_LINK_UNREACHABLE"), { code: "HOLON_LINK_UNREACHABLE" });
  assert.deepEqual(await typed(["if false; then", "  exit 1", "fi", "b"], 9, "HOLON_SHELL_ENDED"), ["if false; then", "exit 1", "fi", "b", "exit"]);
});
