import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandSchema, type CommandLine } from "@holon/core/diagnosis/commands.ts";
import type { Diagnostics } from "@holon/core/ports.ts";

/** What every machine promises to whoever looks into it. `says`: a line that prints the word alone. */
export function diagnosticsContract(name: string, create: () => Diagnostics, says: (word: string) => CommandLine, drive: <T>(work: Promise<T>) => Promise<T>): void {
  describe(`diagnostics contract: ${name}`, () => {
    it("declares its commands as configurations do, each once", () => {
      const { commands } = create();
      for (const command of commands) assert.deepEqual(commandSchema.parse(command), command);
      assert.equal(new Set(commands.map((command) => command.name)).size, commands.length);
    });

    it("runs a line, and tells how it ended and what it said", async () => {
      const { exitCode, ended, output } = await drive(create().run(says("a-word")));
      assert.deepEqual([exitCode, ended, output.trim()], [0, "itself", "a-word"]);
    });

    it("tells figures and short words of itself", async () => {
      const facts = await drive(create().facts());
      assert.equal(typeof facts["holon"], "string");
      for (const value of Object.values(facts)) assert.ok(typeof value !== "string" || value.length < 100);
    });

    it("knows its secrets as texts", async () => assert.ok((await drive(create().secrets())).every((secret) => typeof secret === "string" && secret !== "")));
  });
}
