/** A JSON Schema in one line, as one writes types; what is deeper than asked for is `…`. */
import { z } from "zod";

const nodeSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  format: z.string().optional(),
});
type JsonSchema = z.infer<typeof nodeSchema>;

export const readSchema = (schema: unknown): JsonSchema => nodeSchema.parse(schema ?? {});

export function printType(schema: unknown, depth: number): string {
  const node = readSchema(schema);
  if ("const" in node) return JSON.stringify(node.const);
  if (node.enum !== undefined) return node.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = node.anyOf ?? node.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((choice) => printType(choice, depth)))].join(" | ");
  if (node.type === "array") return printArray(node, depth);
  if (node.type === "object" || node.properties !== undefined) return printObject(node, depth);
  if (Array.isArray(node.type)) return node.type.join(" | ");
  return node.format === "date-time" ? "time" : (node.type ?? "any");
}

function printArray({ items, prefixItems }: JsonSchema, depth: number): string {
  if (prefixItems !== undefined) return `[${prefixItems.map((item) => printType(item, depth)).join(", ")}]`;
  const inside = printType(items, depth);
  return / \| /.test(inside) && !inside.startsWith("{") ? `(${inside})[]` : `${inside}[]`;
}

function printObject({ properties = {}, required = [], additionalProperties }: JsonSchema, depth: number): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) return typeof additionalProperties === "object" ? `{ [name]: ${printType(additionalProperties, depth - 1)} }` : "object";
  if (depth <= 0) return "{ … }";
  return `{ ${entries.map(([name, value]) => `${name}${required.includes(name) ? "" : "?"}: ${printType(value, depth - 1)}`).join(", ")} }`;
}
