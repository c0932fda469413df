/** Flags of a script. `--help`, and what it does not know, end it with how it is used. */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** Each with a value. */
export function flagsOf<Name extends string>(usage: string, names: readonly Name[]): Partial<Record<Name, string>> {
  return valuesOf(usage, Object.fromEntries(names.map((name) => [name, { type: "string" as const }]))) as Partial<Record<Name, string>>;
}

export function valuesOf<const T extends ParseArgsOptionsConfig>(usage: string, options: T) {
  try {
    const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" }, ...options } });
    if (!("help" in values && values.help === true)) return parseArgs({ options }).values;
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}
