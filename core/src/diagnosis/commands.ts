/** Commands that may be run on a node from far away: declared beforehand, each with its arguments, time and output. None goes through a shell. */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { dataClassSchema } from "../schema/event.ts";
import { nameSchema } from "../schema/name.ts";
import { diagnosisBounds } from "./bounds.ts";

const argumentSchema = z
  .strictObject({
    name: nameSchema,
    /** One of these words, or what the whole of it has to match. */
    values: z.array(z.string().min(1).max(diagnosisBounds.commandArgumentMax)).min(1).max(64).optional(),
    pattern: z.string().min(1).max(256).refine(isPattern, "is no regular expression").optional(),
  })
  .refine(({ values, pattern }) => (values === undefined) !== (pattern === undefined), "has either values or a pattern");

export const commandSchema = z.strictObject({
  name: nameSchema,
  about: z.string().max(200).optional(),
  /** The program with its whole path, and its words; `{name}` stands for an argument, as a word of its own. */
  run: z.array(z.string().min(1).max(1_024)).min(1).max(64).refine(([program = ""]) => program.startsWith("/"), "begins with the whole path of a program"),
  arguments: z.array(argumentSchema).max(8).default([]),
  timeoutMs: z.int().min(100).max(diagnosisBounds.commandMsMax).default(diagnosisBounds.commandMs),
  outputBytesMax: z.int().min(1).max(diagnosisBounds.commandOutputBytesMax).default(64 << 10),
  /** Of what it prints. What is raw or personal stays on the node, whoever asks. */
  class: dataClassSchema,
});
export type DeclaredCommand = z.infer<typeof commandSchema>;

/** What is really started. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly timeoutMs: number;
  readonly outputBytesMax: number;
}

/** `HOLON_ARGUMENT_BAD` where an argument is missing, is not declared, or is none of what it may be. */
export function commandLine(declared: DeclaredCommand, given: Readonly<Record<string, string>>): CommandLine {
  const bad = (says: string): never => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `command ${declared.name}: ${says}`, { next: "See `holon node commands NODE`." });
  };
  for (const name of Object.keys(given)) if (!declared.arguments.some((argument) => argument.name === name)) bad(`it takes no argument ${name}`);
  const values = new Map<string, string>(declared.arguments.map(({ name, values: words, pattern }) => {
    const value = given[name] ?? bad(`it wants the argument ${name}`);
    const fits = words === undefined ? new RegExp(`^(?:${pattern ?? ""})$`).test(value) : words.includes(value);
    // What begins with a hyphen would be an option of the program.
    if (!fits || value.length > diagnosisBounds.commandArgumentMax || value.startsWith("-") || value.includes("\0")) bad(`${name} may not be what was given`);
    return [`{${name}}`, value] as const;
  }));
  return { words: declared.run.map((word) => values.get(word) ?? word), timeoutMs: declared.timeoutMs, outputBytesMax: declared.outputBytesMax };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
