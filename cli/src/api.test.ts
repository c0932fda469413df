/** The control API as others meet it: by its description alone, over real HTTP. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import type { Command } from "commander";
import { Ajv2020 } from "ajv/dist/2020.js";
import { OpenAPIClientAxios, type Document } from "openapi-client-axios";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { startNode } from "./machine/compose.ts";
import { createProgram } from "./program.ts";
import { routesOfVerbs } from "./testing/verbs.ts";

const token = "correct-horse";

async function startControl(context: TestContext): Promise<string> {
  const config = { apiVersion: "holon/v1" as const, name: "cloud-1", site: "cloud", tier: "cloud" as const, jurisdiction: "EU/DE", control: true, siblings: [] };
  const machine = await startNode({ config, data: tempFolder(context), api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
  context.after(() => machine.close());
  return machine.api;
}

const checks: { readonly name: string; readonly run: (api: string) => Promise<void> }[] = [];
const check = (name: string, run: (api: string) => Promise<void>): void => void checks.push({ name, run });

const operationSchema = z.looseObject({ operationId: z.string(), parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(["path", "query", "header"]), schema: z.unknown() })).default([]), requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })) }).optional(), responses: z.record(z.string(), z.looseObject({ description: z.string(), content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })).optional() })) });
const documentSchema = z.looseObject({ openapi: z.literal("3.1.0"), info: z.looseObject({ title: z.string(), version: z.string() }), paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "put", "post", "delete"]), operationSchema)), components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }) });
const appDocument = (version: string) => ({ name: "nothing", version, functions: [], models: [] });

async function describe(api: string): Promise<unknown> {
  return (await fetch(`${api}/v1/openapi.json`)).json();
}

check("a client that somebody else's program makes from the description can do what it says", async (api) => {
  const definition = (await describe(api)) as Document; // as its reader of documents wants it
  const client = await new OpenAPIClientAxios({ definition, axiosConfigDefaults: { baseURL: api, adapter: "fetch", headers: { authorization: `Bearer ${token}` }, validateStatus: () => true } }).init();
  const call = async (operation: string, parameters: object | string | null, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const method: unknown = client[operation];
    assert.ok(typeof method === "function", `the description has no ${operation}`);
    const answer: unknown = await method.call(client, parameters, body, { headers });
    return z.looseObject({ status: z.number(), data: z.unknown(), headers: z.unknown() }).parse(answer);
  };
  const tagOf = (answer: { readonly headers: unknown }): string => z.looseObject({ etag: z.string() }).parse(answer.headers).etag;

  assert.deepEqual((await call("getHealth", null)).data, { ok: true });
  const nodes = z.object({ nodes: z.array(z.looseObject({ name: z.string() })), next: z.null() }).parse((await call("getNodes", { limit: 5 })).data);
  assert.deepEqual(nodes.nodes.map(({ name }) => name), ["cloud-1"]);

  const made = await call("putAppsByApp", "nothing", appDocument("1"), { "if-none-match": "*", "idempotency-key": "first" });
  assert.deepEqual([made.status, made.data], [200, { ok: true, warnings: [] }]);
  const tag = tagOf(made);
  const again = await call("putAppsByApp", "nothing", appDocument("1"), { "if-none-match": "*", "idempotency-key": "first" });
  assert.deepEqual([again.status, tagOf(again)], [200, tag], "it is there by now, and the call was made once");
  const refused = await call("putAppsByApp", "nothing", appDocument("2"), { "if-none-match": "*" });
  assert.deepEqual([refused.status, z.looseObject({ code: z.string() }).parse(refused.data).code], [412, "HOLON_VERSION_OTHER"]);
  const changed = await call("putAppsByApp", "nothing", appDocument("2"), { "if-match": tag });
  assert.equal(changed.status, 200);
  assert.equal((await call("deleteAppsByApp", "nothing", undefined, { "if-match": tag })).status, 412);
  const read = await call("getAppsByApp", "nothing");
  assert.deepEqual([tagOf(read), z.looseObject({ document: z.looseObject({ version: z.string() }) }).parse(read.data).document.version], [tagOf(changed), "2"]);
  assert.equal((await call("deleteAppsByApp", "nothing", undefined, { "if-match": tagOf(read) })).status, 200);
  assert.equal((await call("getAppsByApp", "nothing")).status, 404);
  assert.equal((await call("getSites", null)).status, 200);
});

check("each change is told to who watches, and to who comes back behind what it had", async (api) => {
  const headers = { authorization: `Bearer ${token}` };
  const deploy = (version: string) => fetch(`${api}/v1/apps/nothing`, { method: "PUT", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(appDocument(version)) });
  async function* watch(lastId?: string): AsyncGenerator<{ readonly id: string; readonly event: string; readonly version: unknown }> {
    const response = await fetch(`${api}/v1/watch?kinds=app`, { headers: { ...headers, accept: "text/event-stream", ...(lastId === undefined ? {} : { "last-event-id": lastId }) } });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      for (let end = text.indexOf("\n\n"); end >= 0; text = text.slice(end + 2), end = text.indexOf("\n\n")) {
        const [, id = "", event = "", data = "null"] = /^(?:id: (.*)\n)?(?:event: (.*)\n)?data: (.*)$/.exec(text.slice(0, end)) ?? [];
        const told = z.looseObject({ value: z.looseObject({ document: z.looseObject({ version: z.string() }) }).optional() }).parse(JSON.parse(data));
        if (event !== "") yield { id, event, version: told.value?.document.version };
      }
    }
  }
  const next = async (stream: ReturnType<typeof watch>) => (await stream.next()).value ?? assert.fail("the watch ended");
  const first = watch();
  assert.deepEqual([(await next(first)).event, (await next(first)).event], ["reset", "synced"]);
  await deploy("1");
  const seen = await next(first);
  assert.deepEqual([seen.event, seen.version], ["put", "1"]);
  await first.return(undefined);
  await deploy("2");
  await fetch(`${api}/v1/apps/nothing`, { method: "DELETE", headers });
  const second = watch(seen.id);
  assert.deepEqual([(await next(second)).version, (await next(second)).event], ["2", "remove"]);
  await second.return(undefined);
});

check("the description is OpenAPI 3.1: its schemas are JSON Schema 2020-12, its references lead somewhere, its operations have their parameters and names of their own", async (api) => {
  const raw = await describe(api);
  const document = documentSchema.parse(raw);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operationSchema.parse(operation) })));
  assert.ok(operations.length > 40);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { path, method, operation } of operations) {
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
    assert.deepEqual(inPath, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), `${method} ${path}`);
    assert.equal(new Set(operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size, operation.parameters.length);
    const contents = [operation.requestBody?.content, ...Object.values(operation.responses).map(({ content }) => content)];
    for (const schema of [...operation.parameters, ...contents.flatMap((content) => Object.values(content ?? {}))].map((one) => one.schema)) {
      if (schema === undefined) continue;
      assert.ok(typeof schema === "object" && schema !== null);
      if ("$ref" in schema) assert.ok(typeof schema.$ref === "string" && document.components.schemas[schema.$ref.replace("#/components/schemas/", "")] !== undefined, String(schema.$ref));
      else assert.ok(ajv.validateSchema(schema), `${method} ${path}: ${ajv.errorsText()}`);
    }
  }
  for (const schema of Object.values(document.components.schemas)) assert.ok(ajv.validateSchema(z.record(z.string(), z.unknown()).parse(schema)));
});

/** What stands for parameters in paths: those that are there. */
const standIns: Readonly<Record<string, string>> = { node: "cloud-1", app: "nothing", site: "cloud", code: "HOLON_NODE_UNKNOWN" };

check("whatever a control that has something to tell answers to GET is as the description says, to the last key", async (api) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const ask = async (path: string): Promise<unknown> => (await fetch(`${api}${path}`, { headers })).json();
  const code = "export default {};";
  const hash = createHash("sha256").update(code).digest("hex");
  await fetch(`${api}/v1/blobs/${hash}`, { method: "PUT", headers: { ...headers, "content-type": "application/octet-stream" }, body: code });
  const functions = [{ name: "judge", code: hash, on: { type: "in.came" }, emits: {}, run: { tier: "cloud" } }];
  const put = await fetch(`${api}/v1/apps/nothing`, { method: "PUT", headers, body: JSON.stringify({ ...appDocument("1"), functions }) });
  assert.equal(put.status, 200, await put.text());
  const hasReported = async (): Promise<boolean> => z.object({ nodes: z.array(z.looseObject({ reported: z.looseObject({}).nullable() })) }).parse(await ask("/v1/nodes")).nodes.every(({ reported }) => reported !== null);
  while (!(await hasReported())) await new Promise((resolve) => setTimeout(resolve, 50));

  const raw = z.record(z.string(), z.unknown()).parse(await describe(api));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...raw, $id: "holon" });
  const checked: string[] = [];
  for (const [path, { get }] of Object.entries(documentSchema.parse(raw).paths)) {
    const told = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => standIns[name] ?? "?");
    const type = Object.keys(get?.responses["200"]?.content ?? {}).find((one) => one === "application/json");
    if (type === undefined || told.includes("?") || path === "/v1/openapi.json") continue;
    const answer = await fetch(`${api}${told}`, { headers });
    if (answer.status !== 200 || answer.headers.get("content-type")?.startsWith("application/json") !== true) {
      await answer.body?.cancel();
      continue;
    }
    const fits = ajv.compile({ $ref: `holon#/paths/${path.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D")}/get/responses/200/content/application~1json/schema` });
    assert.ok(fits(await answer.json()), `${path}: ${ajv.errorsText(fits.errors)}`);
    checked.push(path);
  }
  assert.ok(checked.length > 25 && checked.includes("/v1/nodes") && checked.includes("/v1/nodes/{node}"), `${checked.length} answers prove little: ${checked.join(" ")}`);
});

const official = process.env["HOLON_OPENAPI_SCHEMA"];
if (official !== undefined) check("the description fits the schema that the OpenAPI Initiative publishes", async (api) => {
  // It leaves the dialect of schemas open by a dynamic reference, which Ajv leads astray: what it leads to without another dialect stands in for it.
  const text = readFileSync(official, "utf8").replaceAll(/\$dynamicRef(['"]?): *['"]#meta['"]/g, "$$ref$1: '#/$$defs/schema'");
  const schema = z.record(z.string(), z.unknown()).parse(parseYaml(text));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const fits = ajv.compile(schema);
  const document = await describe(api);
  assert.ok(fits(document), ajv.errorsText(fits.errors));
  assert.equal(fits({ ...z.record(z.string(), z.unknown()).parse(document), info: {} }), false, "a document without a title does not");
});

/** `noun verb`, or the one word of a command without a noun. */
const verbsOf = (command: Command, before = ""): readonly string[] =>
  command.commands.length === 0 ? [before] : command.commands.flatMap((sub) => verbsOf(sub, `${before} ${sub.name()}`.trim()));

check("whatever the command line does to a fleet, the API does", async (api) => {
  const document = documentSchema.parse(await describe(api));
  const served = new Set(Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)));
  const verbs = verbsOf(createProgram(() => new AbortController().signal));
  assert.deepEqual([...verbs].sort(), Object.keys(routesOfVerbs).sort(), "each verb says by which routes it is done, or why by none");
  for (const [verb, { routes, because }] of Object.entries(routesOfVerbs)) {
    for (const route of routes) assert.ok(served.has(route), `${verb}: ${route} is not served`);
    assert.ok(routes.length > 0 || because !== undefined, `${verb} is done by no route, and nobody says why`);
  }
});

test("the control API as others meet it", async (context) => {
  const api = await startControl(context);
  for (const { name, run } of checks) await context.test(name, () => run(api));
});
