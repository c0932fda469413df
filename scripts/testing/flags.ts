/** Flags of a script. `--help`, and what it does not know, end it with how it is used. */
import { parseArgs } from "node:util";

/** Each with a value. */
export function flagsOf<Name extends string>(usage: string, names: readonly Name[]): Partial<Record<Name, string>> {
  try {
    const { values } = parseArgs({ options: { ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])), help: { type: "boolean" as const, short: "h" } } });
    if (values["help"] !== true) return values as Partial<Record<Name, string>>;
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}
