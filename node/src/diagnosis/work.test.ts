import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "@holon/core/diagnosis/redact.ts";
import { outcomeSchema } from "@holon/core/diagnosis/results.ts";
import type { CommandOutcome } from "@holon/core/ports.ts";
import { createWork } from "./work.ts";

const secret = "wX9-pump-key-of-the-plant";

/** A command that is given `outputBytesMax` to tell, on a machine where it prints this. */
async function told(printed: string, outputBytesMax: number, ended: CommandOutcome["ended"] = "itself") {
  const command = { name: "peek", run: ["/bin/peek"], arguments: [], timeoutMs: 1_000, outputBytesMax, class: "public" };
  const run = async (line: { readonly outputBytesMax: number }): Promise<CommandOutcome> => {
    const bytes = Buffer.from(printed);
    return { exitCode: 0, ended: bytes.length > line.outputBytesMax ? "output" : ended, output: bytes.subarray(0, line.outputBytesMax).toString("utf8") };
  };
  const work = createWork({ ports: { diagnostics: { commands: [], run } }, config: { name: "gateway-1", diagnosis: { commands: [command] } }, known: { redactor: () => createRedactor([secret]) } } as unknown as Parameters<typeof createWork>[0]); // what a command asks of it
  return outcomeSchema.parse(await work({ kind: "exec", command: "peek", arguments: {} }));
}

test("wherever the bound of its output or the end of its time cuts a secret in two, none of it is told", async () => {
  for (let at = 1; at < secret.length; at++) {
    const bounded = await told(`it is ${secret} and more`, "it is ".length + at);
    assert.deepEqual([bounded.ended, bounded.outputBytes, bounded.output], ["output", "it is ".length + at, "it is "]);
    const timed = await told(`it is ${secret.slice(0, at)}`, 1_000, "time");
    assert.deepEqual([timed.ended, timed.output], ["time", "it is "]);
  }
});

test("what just fits ended by itself, and is told whole", async () => {
  const fits = await told(`${secret}, and ${secret.slice(0, 8)}`, secret.length + 14);
  assert.deepEqual([fits.ended, fits.output], ["itself", `[secret], and ${secret.slice(0, 8)}`]);
});
