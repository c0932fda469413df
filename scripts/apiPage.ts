/** Writes docs/reference/http-api.md from the descriptions that control and a node give of their own APIs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "@holon/cli/machine/compose.ts";
import { z } from "zod";
import { repositoryRoot } from "./check/files.ts";
import { printType } from "./docs/print-type.ts";

export const apiPagePath = join(repositoryRoot, "docs/reference/http-api.md");

const contentSchema = z.record(z.string(), z.looseObject({ schema: z.unknown().optional() }));
const operationSchema = z.looseObject({
  summary: z.string(),
  security: z.array(z.unknown()).default([]),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: z.unknown() })).default([]),
  requestBody: z.looseObject({ content: contentSchema }).optional(),
  responses: z.looseObject({ "200": z.looseObject({ content: contentSchema }) }),
});
const descriptionSchema = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operationSchema)) });
type Operation = z.infer<typeof operationSchema>;

export async function apiPage(): Promise<string> {
  const control = await describe(true);
  const node = await describe(false);
  const ofNodes = new Set(node.map(({ name }) => name));
  const both = new Set(control.filter(({ name }) => ofNodes.has(name)).map(({ name }) => name));
  const section = (title: string, about: string, list: readonly Named[]): string => `## ${title}\n\n${about}\n\n${list.map(route).join("\n")}`;
  return `# HTTP API

Every route, from the description that the APIs give of themselves at \`/v1/openapi.json\` (OpenAPI 3.1, which \`holon api show\` prints); \`node scripts/references.ts\` writes this page, and a test holds the two together.
[The API](../concepts/api.md) tells how to call it: conditions, idempotency keys, long lists, watching, errors.

Each call but the few that are *open* carries \`Authorization: Bearer TOKEN\`: that of the data folder (\`api-token\`), at control also that of a session or an API token ([people](../concepts/people.md)). A body is JSON unless
it says bytes. In what follows \`?\` marks what may be missing, and \`…\` that there is more to it, which the description has.

${section("Control", "At 7400 where control runs.", control.filter(({ name }) => !both.has(name)))}
${section("Control and every node", "At 7400 of control, and at the local API of a node (7402).", control.filter(({ name }) => both.has(name)))}
${section("Nodes", "At the local API of a node alone.", node.filter(({ name }) => !both.has(name)))}`;
}

interface Named {
  readonly name: string;
  readonly operation: Operation;
}

function route({ name, operation }: Named): string {
  const of = (place: string): string => operation.parameters.filter((parameter) => parameter.in === place).map(({ name: parameter, required, schema }) => `\`${parameter}${required === true ? "" : "?"}: ${printType(schema, 1)}\``).join(", ");
  const lines = [
    ["Query", of("query")],
    ["Headers", operation.parameters.filter((parameter) => parameter.in === "header").map((parameter) => `\`${parameter.name}\``).join(", ")],
    ["Body", contents(operation.requestBody?.content)],
    ["Answer", contents(operation.responses["200"].content)],
  ].filter(([, text]) => text !== "");
  return `### ${name}\n\n${operation.summary}${operation.security.length === 0 ? " *Open.*" : ""}\n\n${lines.map(([title, text]) => `- ${title}: ${text}`).join("\n")}\n`;
}

const contents = (content: z.infer<typeof contentSchema> | undefined): string =>
  Object.entries(content ?? {}).map(([type, { schema }]) => (type === "application/json" ? `\`${printType(schema, 3)}\`` : type === "application/octet-stream" ? "bytes" : `\`${type}\``)).join("; or ");

/** As a real node serves it. */
async function describe(control: boolean): Promise<readonly Named[]> {
  const data = mkdtempSync(join(tmpdir(), "holon-api-"));
  const config = { apiVersion: "holon/v1" as const, name: "cloud-1", site: "cloud", tier: "cloud" as const, jurisdiction: "EU/DE", control, siblings: [] };
  const machine = await startNode({ config, data, api: "127.0.0.1:0", token: "of-the-page", trace: { level: "error", output: process.stderr } });
  try {
    const { paths } = descriptionSchema.parse(await (await fetch(`${machine.api}/v1/openapi.json`)).json());
    const all = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation, path })));
    return all.sort((a, b) => a.path.localeCompare(b.path, "en") || a.name.localeCompare(b.name, "en"));
  } finally {
    await machine.close();
    rmSync(data, { recursive: true, force: true });
  }
}

if (import.meta.main) writeFileSync(apiPagePath, await apiPage());
