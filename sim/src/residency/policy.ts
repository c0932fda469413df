/** Policies drawn from a seed: mostly ones under which something leaves, since where nothing does there is nothing to see. */
import type { SeededRandom } from "../random.ts";

export const places = ["EU", "EU/DE", "EU/DE/BY", "EU/FR", "CH", "US", "US/CA"] as const;
const transforms = ["redact", "pseudonymise", "k-anonymise", "k-anonymise k 3", "k-anonymise k 4", "function", "redact, function", "aggregate count 3", "aggregate count 5", "noise epsilon 1", "noise epsilon 0.1", "release", "release, redact"] as const;
const units = ["doors/judge", "doors/less", "doors/alias", "doors/crowd", "doors/total", "doors/hazy", "doors/sampled", "doors/rows", "doors/tell", "doors/echo", "others/keeper", "others/hours", "others/copy", "others/bare", "others/rows", "doors/*", "others/*"] as const;

export function drawPolicy(random: SeededRandom, nodes: readonly string[]): string {
  const one = (values: readonly string[]): string => values[random.integer(0, values.length - 1)] ?? "";
  const some = (values: readonly string[], share = 0.6): string => {
    const chosen = values.filter(() => random.chance(share));
    return (chosen.length === 0 ? [one(values)] : chosen).join(" ");
  };
  /** Few, so that what is born in one place and what only passes through it are told apart. */
  const area = (): string => (random.chance(0.25) ? "*" : `${random.chance(0.15) ? "outside " : ""}${some(places, 0.3)}`);
  /** Where no rule on what leaves asks for a transform, a node looks at less of what it sends. */
  const asksThrough = random.chance(0.5);
  const who = (): string => (random.chance(0.7) ? "node *" : `node ${one(nodes)}`);
  const through = (asks: boolean): readonly string[] => (asks && random.chance(0.3) ? [`  through ${one(transforms)}`] : []);
  const flow = (effect: string, name: string): string => [`${effect} ${name}`, `  who ${who()}`, `  does ${some(["leave", "share", "ask"])}`, `  class ${some(["derived", "aggregate", "public"])}`, `  from ${area()}`, `  to ${area()}`, ...through(asksThrough)].join("\n");
  const lower = (name: string): string => [`permit ${name}`, `  who ${random.chance(0.6) ? "function *" : `function ${one(units)}`}`, "  does lower", `  class ${random.chance(0.7) ? "raw personal derived" : some(["raw", "personal", "derived"])}`, `  into ${some(["derived", "aggregate", "public"])}`, ...(random.chance(0.3) ? [`  from ${area()}`] : []), ...through(true)].join("\n");
  const statements = ["policy drawn 1", "permit what-runs\n  who any\n  does run open use"];
  for (let count = random.integer(1, 3); count > 0; count--) statements.push(lower(`lower-${count}`));
  for (let count = random.integer(3, 8); count > 0; count--) statements.push(flow("permit", `leave-${count}`));
  for (let count = random.integer(0, 2); count > 0; count--) statements.push(flow("forbid", `stay-${count}`));
  return `${statements.join("\n\n")}\n`;
}
