/** `docs/reference/interfaces.md` is read with the real schemas, and held against the code, both ways. */
import assert from "node:assert/strict";
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { errorTable, isErrorCode } from "@holon/core/errors.ts";
import { parseRecordName } from "@holon/core/log/identity.ts";
import { appDocumentSchema, appManifestSchema } from "@holon/core/schema/app.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { dataClasses, eventSchema, streamNames } from "@holon/core/schema/event.ts";
import { modelDocumentSchema } from "@holon/core/schema/model.ts";
import { metricByName } from "@holon/core/telemetry/catalogue.ts";
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { counterSchema, isWindowTrigger } from "@holon/core/schema/trigger.ts";
import { bundleFunction } from "@holon/platform/bundle.ts";
import { parse as parseYaml } from "yaml";
import { repositoryRoot } from "./check/files.ts";

const place = join(repositoryRoot, "docs/reference/interfaces.md");
const page = readFileSync(place, "utf8");

/** The fenced example with this mark; there is exactly one. */
function example(mark: string): string {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${mark}\\n([^]*?)^\`\`\`$`, "gm"))];
  assert.equal(found.length, 1, `examples marked ${mark}`);
  return found[0]?.[1] ?? "";
}

/** Rows of the table below a heading, as cells. */
function rows(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section !== undefined, `no section ${heading}`);
  return section.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())).slice(1);
}

const codes = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");

/** All source of the house but its tests. */
function sources(...workspaces: readonly string[]): string {
  const paths = workspaces.flatMap((workspace) => globSync(`${workspace}/src/**/*.ts`, { cwd: repositoryRoot }));
  return paths.filter((path) => !/\.test\.ts$|\/testing\//.test(path)).map((path) => readFileSync(join(repositoryRoot, path), "utf8")).join("\n");
}

test("the example of an event is one, and its id is a record's name with the same sequence", () => {
  const event = eventSchema.parse(JSON.parse(example("json event")));
  for (const name of [event.id, event.causedby ?? ""]) assert.ok(parseRecordName(name) !== undefined, name);
  assert.equal(event.sequence, String(parseRecordName(event.id)?.sequence));
});

test("the table of an event's attributes is its schema", () => {
  const attributes = rows("Event").flatMap(([name = ""]) => codes(name));
  assert.deepEqual([...attributes].sort(), Object.keys(eventSchema.shape).filter((name) => name !== "datacontenttype").sort());
  for (const word of [...dataClasses, ...streamNames]) assert.ok(page.includes(word), word);
});

test("the example of a manifest, of a desired document and of a node's configuration are such", () => {
  const manifest = appManifestSchema.parse(JSON.parse(example("json manifest")));
  assert.ok(manifest.functions.length > 0 && manifest.models.length > 0 && manifest.sources.length > 0);
  assert.equal(modelDocumentSchema.parse(JSON.parse(example("json model"))).name, "digits");
  assert.equal(desiredSchema.parse(JSON.parse(example("json desired"))).kind, "Desired");
  assert.equal(nodeConfigSchema.parse(parseYaml(example("yaml node"))).name, "gateway-1");
});

test("the example of shared state is one of each kind, and goes with an app", () => {
  const shared: unknown = JSON.parse(example("json shared"));
  const document = appDocumentSchema.parse({ name: "pump-watch", functions: [], models: [], shared });
  assert.deepEqual(document.shared?.map(({ kind }) => kind), ["register", "counter", "set"]);
});

test("the example of reductions is one of each kind, and goes with an app", () => {
  const reductions: unknown = JSON.parse(example("json reductions"));
  const document = appDocumentSchema.parse({ name: "pump-watch", sources: [{ kind: "host", name: "host", type: "pump.reading" }], functions: [], models: [{ name: "pca", graph: "0".repeat(64) }], reductions });
  assert.deepEqual(document.reductions?.map(({ kind }) => kind), ["keep", "sample", "aggregate", "frames", "redact", "pseudonymise", "k-anonymise", "noise", "judge", "discard"]);
});

test("an unknown key in any of them is refused", () => {
  const withMore = (mark: string): unknown => ({ ...JSON.parse(example(mark)), more: 1 });
  assert.equal(eventSchema.safeParse(withMore("json event")).success, false);
  assert.equal(appManifestSchema.safeParse(withMore("json manifest")).success, false);
  assert.equal(desiredSchema.safeParse(withMore("json desired")).success, false);
  assert.equal(nodeConfigSchema.safeParse({ ...parseYaml(example("yaml node")), more: 1 }).success, false);
});

test("the example of a function is bundled as an author's would be, and says what it does", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "count.ts"), example("ts function"));
  const { definition } = await bundleFunction(join(folder, "count.ts"));
  assert.deepEqual([definition.on, definition.emits, definition.models], [{ type: "pump.reading" }, { "pump.count": { stream: "data", class: "aggregate" } }, []]);
});

test("the example of a function over windows is bundled too, and says which", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  const streams = readFileSync(join(repositoryRoot, "docs/concepts/streams.md"), "utf8");
  const [, code = ""] = /^```ts window\n([^]*?)^```$/m.exec(streams) ?? [];
  writeFileSync(join(folder, "hours.ts"), code);
  const { definition } = await bundleFunction(join(folder, "hours.ts"));
  assert.ok(isWindowTrigger(definition.on));
  assert.deepEqual(definition.on, { type: "lora.uplink", window: { kind: "tumbling", sizeMs: 3_600_000, offsetMs: 0 }, by: "subject", late: { allowedMs: 3_600_000, rule: "update", keepMs: 86_400_000 }, watermark: { per: "subject", idleMs: 7_200_000, aheadMs: 3_600_000 } });
  const [, counter = ""] = /^```ts\ncounter: (\{.*\})$/m.exec(streams) ?? [];
  assert.equal(counterSchema.parse(parseYaml(counter)).session, "session");
});

test("the frames of the page are those of the code", () => {
  const told = rows("Frames").flatMap(([kind = "", operations = ""]) => codes(operations).map((operation) => `${kind} ${operation}`));
  const text = readFileSync(join(repositoryRoot, "core/src/link/frame.ts"), "utf8");
  const known = [...text.matchAll(/const (stream|desired|blob|call)Header = ([^]*?)^\]\);/gm)].flatMap(([, kind = "", body = ""]) => [...body.matchAll(/op: z\.literal\("(\w+)"\)/g)].map((match) => `${kind} ${match[1] ?? ""}`));
  assert.ok(known.length > 10);
  assert.deepEqual([...told].sort(), known.sort());
});

test("the events that Holon writes are those of the page, both ways", () => {
  const told = rows("Events that Holon itself writes").flatMap(([types = ""]) => {
    const [first = "", ...more] = codes(types);
    return [first, ...more.map((type) => (type.startsWith(".") ? first.replace(/\.[^.]+$/, type) : type))];
  });
  const text = sources("core", "node", "control");
  const phases = text.includes("`holon.policy.decision.${phase}`") ? ["holon.policy.decision.opened", "holon.policy.decision.closed"] : [];
  const attributes = new Set<string>(Object.values(spanNames));
  const ofFunctions = [...text.matchAll(/`(holon\.[a-z]+)\.\$\{app\}\.\$\{fn\}`/g)].map((match) => `${match[1] ?? ""}.<app>.<function>`);
  const written = new Set([...[...text.matchAll(/"(holon\.(?:[a-z]+\.[a-z.]+|response))"/g)].map((match) => match[1] ?? "").filter((name) => !metricByName.has(name) && !attributes.has(name)), ...ofFunctions, ...phases]);
  assert.deepEqual([...told].sort(), [...written].sort());
});

test("every code and every page that it names is there", () => {
  for (const code of page.match(/HOLON_[A-Z]+(?:_[A-Z]+)*/g) ?? []) assert.ok(isErrorCode(code), code);
  assert.ok(Object.keys(errorTable).length > 20);
  for (const [, target = ""] of page.matchAll(/\]\(([^)#]+)\)/g)) assert.ok(existsSync(join(dirname(place), target)), target);
  for (const path of page.match(/\b(?:core|node|control|platform)\/src\/[\w/{},.-]+/g) ?? []) {
    const braces = /\{(.+)\}/.exec(path);
    for (const one of braces === null ? [path] : (braces[1] ?? "").split(",").map((word) => path.replace(braces[0], word))) assert.ok(existsSync(join(repositoryRoot, one)), one);
  }
});

test("the nouns of the page are those of the command", () => {
  const told = page.match(/Nouns now: (.+)\./)?.[1] ?? "";
  const nouns = codes(told).map((words) => words.split(" ")).flatMap(([noun = "", verbs = ""]) => verbs.split("|").map((verb) => `${noun} ${verb}`));
  const parts = readdirSync(join(repositoryRoot, "cli/src/program")).map((name) => `program/${name}`);
  const text = ["program.ts", ...parts].map((name) => readFileSync(join(repositoryRoot, "cli/src", name), "utf8")).join("\n");
  const direct = [...text.matchAll(/\b(api|app|node|functions|meter|event|link|sim|policy|audit|plan|site|model|publisher|user|token|approval|alert|objective|trace)\s*\.command\("(\w+)/g)].map(([, noun = "", verb = ""]) => `${noun === "functions" ? "function" : noun} ${verb}`); // `function` is no name that a variable can have
  const looped = text.includes('for (const verb of ["cut", "heal"]') ? ["link cut", "link heal"] : [];
  assert.deepEqual([...nouns].sort(), [...direct, ...looped].sort());
});
