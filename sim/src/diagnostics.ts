/** Commands of a simulated machine: one that takes a while and leaves a mark, which outlives whatever crashes. */
import { commandSchema } from "@holon/core/diagnosis/commands.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Diagnostics } from "@holon/core/ports.ts";
import type { Incarnation } from "./incarnation.ts";

const mark = commandSchema.parse({ name: "mark", run: ["/bin/mark", "{word}"], arguments: [{ name: "word", pattern: "[\\w-]+" }], class: "public" });
const takesMs = 1_500;

/** `marks`: the words that were marked on this machine, in order. */
export function createDiagnostics(incarnation: Incarnation, marks: string[]): Diagnostics {
  const unsupported = (what: string) => new HolonError("HOLON_COMMAND_FAILED", `no simulated machine has ${what}`);
  return {
    facts: () => Promise.resolve({ holon: "simulated" }),
    secrets: () => Promise.resolve([]),
    commands: [mark],
    async run({ words: [, word = ""] }) {
      // The mark is there before anybody can know of it.
      await incarnation.call("command.run", 1, () => void marks.push(word));
      await incarnation.call("command.run", takesMs, () => undefined);
      return { exitCode: 0, ended: "itself", output: word };
    },
    profile: () => Promise.reject(unsupported("an inspector")),
    verify: () => false,
    seal: () => {
      throw unsupported("keys");
    },
    shell: () => {
      throw unsupported("a shell");
    },
  };
}
