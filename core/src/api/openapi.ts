/** The OpenAPI document of a table of routes. */
import { z } from "zod";
import type { Route } from "./route.ts";

export interface ApiInfo {
  readonly title: string;
  readonly version: string;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1 (JSON Schema 2020-12) of the routes: what is validated is what is described. */
export function openApiDocument(routes: readonly Route[], info: ApiInfo): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = (paths[route.path.replace("*}", "}")] ??= {});
    operations[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: info.title, version: info.version },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "The token in the node's data folder; at control also that of a session, or an API token." } },
      schemas: { Error: errorSchema },
    },
  };
}

function operation(route: Route): JsonObject {
  const body = bodyContent(route);
  const parameters = [...pathParameters(route.path), ...queryParameters(route.query)];
  return {
    operationId: operationId(route),
    summary: route.summary,
    security: route.open === true ? [] : [{ token: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: body } }),
    responses: {
      "200": {
        description: "Done.",
        content: {
          [route.contentType ?? "application/json"]: { schema: jsonSchema(route.answer, "output") },
          ...(route.follow !== undefined && { "application/x-ndjson": { schema: { type: "string", description: "One JSON value a line, without end." } } }),
        },
      },
      default: { description: "Refused or failed.", content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
    },
  };
}

/** `GET /v1/nodes/{node}` is `getNodesByNode`: unique as long as method and path are. */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/v\d+/, "").split("/").filter((part) => part !== "");
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  const camel = (word: string): string => word.split(/[^A-Za-z0-9]+/).map(capital).join("");
  return method.toLowerCase() + words.map((word) => (word.startsWith("{") ? `By${camel(word.slice(1, -1))}` : camel(word))).join("");
}

function bodyContent({ bytes, body }: Route): JsonObject | undefined {
  if (bytes === true) return { "application/octet-stream": {} };
  return body === undefined ? undefined : { "application/json": { schema: jsonSchema(body, "input") } };
}

/** Names in braces, in order. */
export const pathParameterNames = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\*?\}/g)].map(([, name = ""]) => name);

const pathParameters = (path: string): readonly JsonObject[] =>
  pathParameterNames(path).map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));

function queryParameters(query: z.ZodType | undefined): readonly JsonObject[] {
  if (query === undefined) return [];
  // What is coerced has its type in the output; what has a default is optional only in the input.
  const { properties } = objectShape.parse(jsonSchema(query, "output"));
  const { required } = objectShape.parse(jsonSchema(query, "input"));
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: required.includes(name), schema }));
}

const objectShape = z.object({ properties: z.record(z.string(), z.unknown()).default({}), required: z.array(z.string()).default([]) });

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "next", "retriable"],
      properties: {
        code: { type: "string", pattern: "^HOLON_[A-Z_]+$" },
        message: { type: "string" },
        next: { type: "string", description: "What to do about it." },
        retriable: { type: "boolean", description: "Whether the same call may succeed later without anybody's doing." },
      },
    },
  },
};
