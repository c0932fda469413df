/** Writes docs/reference/schema.md: what a manifest, a node's configuration and an event may hold, from the schemas that parse them. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import { eventSchema } from "@holon/core/schema/event.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { z } from "zod";
import { repositoryRoot } from "./check/files.ts";
import { printType, readSchema } from "./docs/print-type.ts";

export const schemaPagePath = join(repositoryRoot, "docs/reference/schema.md");

export function schemaPage(): string {
  const manifestFiles = globSync("core/src/{schema/{app,condition,model-use,moving,needs,reduction,shared,trigger}.ts,model/grant.ts,reduce/*.ts}", { cwd: repositoryRoot });
  const nodeFiles = globSync("core/src/{schema/{node,node-report,prices,provider,sealing,inventory}.ts,telemetry/settings.ts}", { cwd: repositoryRoot });
  return `# Manifest, configuration, event

Every field, from the schemas that read them; \`node scripts/references.ts\` writes this page, and a test holds the two together. What is not listed is refused. *Needed* stands where there is no default and it may not be left out.
[Interfaces](interfaces.md) has an example of each.

## The app's manifest

\`holon.app.ts\` (\`defineApp({…})\`), \`.yaml\` or \`.json\`.

${table(appManifestSchema, commentsOf(manifestFiles))}
## A node's configuration

\`holon.node.yaml\`, which \`holon node start FILE\` reads.

${table(nodeConfigSchema, commentsOf(nodeFiles))}
## The event

CloudEvents 1.0 in JSON, with Holon's attributes.

${table(eventSchema, commentsOf(["core/src/schema/event.ts"]))}`;
}

type Comments = ReadonlyMap<string, string>;

interface Row {
  readonly path: string;
  readonly type: string;
  readonly need: string;
  readonly about: string;
}

function table(schema: z.ZodType, comments: Comments): string {
  const rows = rowsOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), "", comments);
  const lines = rows.map(({ path, type, need, about }) => `| \`${path}\` | ${type === "" ? "" : `\`${type.replaceAll("|", "\\|")}\``} | ${need} | ${about} |`);
  return `| field | type | default | what it is |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

function rowsOf(schema: unknown, path: string, comments: Comments): readonly Row[] {
  const node = readSchema(schema);
  const choices = (node.anyOf ?? node.oneOf ?? []).map(readSchema);
  if (node.type === "array") return isObject(node.items) ? rowsOf(node.items, `${path}[]`, comments) : [];
  if (choices.length > 0) return choices.flatMap((choice) => rowsOf(choice, choices.length > 1 ? `${path}${kindOf(choice)}` : path, comments));
  const own = Object.entries(node.properties ?? {}).flatMap(([name, value]): readonly Row[] => {
    const inside = rowsOf(value, path === "" ? name : `${path}.${name}`, comments);
    const row: Row = { path: path === "" ? name : `${path}.${name}`, type: inside.length > 0 ? outline(value) : printType(value, 1), need: needOf(value, node.required?.includes(name) === true), about: comments.get(name) ?? "" };
    return [row, ...inside];
  });
  const { additionalProperties } = node;
  return isObject(additionalProperties) ? [...own, ...rowsOf(additionalProperties, `${path}.NAME`, comments)] : own;
}

const isObject = (schema: unknown): boolean => {
  const node = readSchema(typeof schema === "object" ? schema : {});
  return node.properties !== undefined || [...(node.anyOf ?? []), ...(node.oneOf ?? [])].some(isObject);
};

/** Which of several it is: \`(mqtt)\` for what has that as its kind. */
function kindOf({ properties = {} }: ReturnType<typeof readSchema>): string {
  const kind = Object.values(properties).map(readSchema).find((property) => "const" in property)?.const;
  return kind === undefined ? "" : `(${String(kind)})`;
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

/** What the sources say of a field, where the name has one meaning in all of these files. */
function commentsOf(files: readonly string[]): Comments {
  const found = new Map<string, Set<string>>();
  for (const file of files) {
    const text = readFileSync(join(repositoryRoot, file), "utf8");
    for (const [, comment, name = ""] of text.matchAll(/(?:\/\*\*([^]*?)\*\/\s*)?^\s+([a-zA-Z]\w*): (?:z\.|\w+Schema|\w+\.)/gm)) {
      const said = (comment ?? "").replace(/\s*\n\s*\*?\s*/g, " ").trim();
      found.set(name, (found.get(name) ?? new Set()).add(said));
    }
  }
  return new Map([...found].flatMap(([name, said]) => (said.size === 1 ? [...said].map((text): [string, string] => [name, text.replaceAll("|", "\\|")]) : [])));
}

if (import.meta.main) writeFileSync(schemaPagePath, schemaPage());
