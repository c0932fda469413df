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
      schemas: { Problem: problemSchema },
    },
  };
}

function operation(route: Route): JsonObject {
  const body = bodyContent(route);
  const parameters = [...pathParameters(route.path), ...queryParameters(route.query), ...headerParameters(route)];
  return {
    operationId: operationId(route),
    summary: route.summary,
    security: route.open === true ? [] : [{ token: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: body } }),
    responses: {
      "200": {
        description: "Done.",
        headers: { ETag: { description: "The version of what is answered, where it has one.", schema: { type: "string" } } },
        content: {
          [route.contentType ?? "application/json"]: { schema: jsonSchema(route.answer, "output") },
          ...(route.follow !== undefined && { "application/x-ndjson": { schema: { type: "string", description: "One JSON value a line, without end; an empty line says that the other end is alive, and a line `{\"error\": …}` is the last." } } }),
          ...(route.watch !== undefined && { "text/event-stream": { schema: { type: "string", description: "Server-sent events, without end; `Last-Event-ID` goes on behind one." } } }),
        },
      },
      default: { description: "Refused or failed.", content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } },
    },
  };
}

/** `GET /v1/nodes/{node}` is `getNodesByNode`: unique as long as method and path are. */
function operationId({ method, path }: Route): string {
  const words = (/^\/v\d+\//.test(path) ? path.replace(/^\/v\d+/, "") : `/root${path}`).split("/").filter((part) => part !== "");
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

/** What a call may say beside its body. */
function headerParameters({ method, versioned, watch }: Route): readonly JsonObject[] {
  const header = (name: string, description: string): JsonObject => ({ name, in: "header", required: false, description, schema: { type: "string" } });
  return [
    ...(method === "GET" ? [] : [header("Idempotency-Key", "The same call with the same key is made once, and answered alike.")]),
    ...(versioned === true ? [header("If-Match", "The `ETag` of what is to be changed: without effect where it is another."), header("If-None-Match", "`*`: without effect where it is there already.")] : []),
    ...(watch === undefined ? [] : [header("Last-Event-ID", "The id of the last event that was seen.")]),
  ];
}

const code = { type: "string", pattern: "^HOLON_[A-Z_]+$" };
const next = { type: "string", description: "What to do about it." };
const retriable = { type: "boolean", description: "Whether the same call may succeed later without anybody's doing." };
const text = { type: "string" };

/** Problem details (RFC 9457), with the members of every coded error. */
const problemSchema = {
  type: "object",
  required: ["type", "title", "status", "detail", "code", "next", "retriable", "error"],
  properties: {
    type: { type: "string", description: "A reference, relative to this API, to what the code means." },
    title: { type: "string", description: "What the code means, in general." },
    status: { type: "integer" },
    detail: { type: "string", description: "What failed, on which thing." },
    code,
    next,
    retriable,
    asOf: { type: "string", format: "date-time", description: "Where it may be so since somebody was not heard: as of when it is." },
    completeness: { type: "object", description: "And of how many nodes how much is known, as in every answer about nodes." },
    error: { type: "object", deprecated: true, required: ["code", "message", "next", "retriable"], properties: { code, message: text, next, retriable }, description: "The same for callers of before." },
  },
};
