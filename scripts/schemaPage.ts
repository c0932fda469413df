/** Writes docs/reference/schema.md: what a manifest, a node's configuration and an event may hold, from the schemas that parse them. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import { eventSchema } from "@holon/core/schema/event.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { z } from "zod";
import { repositoryRoot } from "./check/files.ts";
import { commentOf, fieldsOf, type Fields } from "./docs/field-comments.ts";
import { printType, readSchema } from "./docs/print-type.ts";

export const schemaPagePath = join(repositoryRoot, "docs/reference/schema.md");

export function schemaPage(): string {
  const literals = globSync("core/src/{schema,model,reduce,telemetry,diagnosis}/*.ts", { cwd: repositoryRoot, exclude: ["**/*.test.ts"] }).sort().flatMap((file) => fieldsOf(readFileSync(join(repositoryRoot, file), "utf8")));
  return `# Manifest, configuration, event

Every field, from the schemas that read them; \`node scripts/references.ts\` writes this page, and a test holds the two together. What is not listed is refused. *Needed* stands where there is no default and it may not be left out.
[Interfaces](interfaces.md) has an example of each.

## The app's manifest

\`holon.app.ts\` (\`defineApp({…})\`), \`.yaml\` or \`.json\`.

${table(appManifestSchema, literals)}
## A node's configuration

\`holon.node.yaml\`, which \`holon node start FILE\` reads.

${table(nodeConfigSchema, literals)}
## The event

CloudEvents 1.0 in JSON, with Holon's attributes.

${table(eventSchema, literals)}`;
}

type Literals = readonly Fields[];

interface Row {
  readonly path: string;
  readonly type: string;
  readonly need: string;
  readonly about: string;
}

function table(schema: z.ZodType, literals: Literals): string {
  const rows = rowsOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), "", literals);
  const lines = rows.map(({ path, type, need, about }) => `| \`${path}\` | ${type === "" ? "" : `\`${type.replaceAll("|", "\\|")}\``} | ${need} | ${about} |`);
  return `| field | type | default | what it is |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

function rowsOf(schema: unknown, path: string, literals: Literals): readonly Row[] {
  const node = readSchema(schema);
  const choices = (node.anyOf ?? node.oneOf ?? []).map(readSchema);
  if (node.type === "array") return isObject(node.items) ? rowsOf(node.items, `${path}[]`, literals) : [];
  if (choices.length > 0) return choices.flatMap((choice) => rowsOf(choice, choices.length > 1 ? `${path}${kindOf(choice)}` : path, literals));
  const names = new Map(Object.entries(node.properties ?? {}).map(([name, value]) => [name, constOf(value)]));
  const own = Object.entries(node.properties ?? {}).flatMap(([name, value]): readonly Row[] => {
    const inside = rowsOf(value, path === "" ? name : `${path}.${name}`, literals);
    const row: Row = { path: path === "" ? name : `${path}.${name}`, type: inside.length > 0 ? outline(value) : printType(value, 1), need: needOf(value, node.required?.includes(name) === true), about: commentOf(literals, names, name).replaceAll("|", "\\|") };
    return [row, ...inside];
  });
  const { additionalProperties } = node;
  return isObject(additionalProperties) ? [...own, ...rowsOf(additionalProperties, `${path}.NAME`, literals)] : own;
}

const isObject = (schema: unknown): boolean => {
  const node = readSchema(typeof schema === "object" ? schema : {});
  return node.properties !== undefined || [...(node.anyOf ?? []), ...(node.oneOf ?? [])].some(isObject);
};

/** Which of several it is: \`(mqtt)\` for what has that as its kind. */
function kindOf({ properties = {} }: ReturnType<typeof readSchema>): string {
  const kind = Object.values(properties).map(constOf).find((value) => value !== undefined);
  return kind === undefined ? "" : `(${kind})`;
}

function constOf(schema: unknown): string | undefined {
  const node = readSchema(schema);
  return "const" in node ? String(node.const) : undefined;
}

function outline(schema: unknown): string {
  const node = readSchema(schema);
  return node.type === "array" ? "list" : "object";
}

function needOf(schema: unknown, isRequired: boolean): string {
  const parsed = z.looseObject({ default: z.unknown().optional() }).parse(schema);
  if (parsed.default !== undefined) return `\`${JSON.stringify(parsed.default).replaceAll("|", "\\|")}\``;
  return isRequired ? "needed" : "";
}

if (import.meta.main) writeFileSync(schemaPagePath, schemaPage());
