/** What Node.js keeps of the program in compiled form runs in its place: a node believes what it made itself, and what its environment names it leaves behind and tells. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { readToken } from "./machine/token.ts";
import { copyProgram } from "./testing/copied-program.ts";
import { freePortBase } from "./testing/free-ports.ts";
import { startHolon, type HolonProcess } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const measuredSchema = z.looseObject({ state: z.string(), altered: z.array(z.looseObject({ what: z.string() })), held: z.looseObject({ first: z.array(z.string()) }).optional() });
type Measured = z.infer<typeof measuredSchema>;
const patience = 240_000;
/** Of a file that the last of a node's lives loads. */
const ofCompose = "createMeasurer({ folder, config: options.configFile";

/** Header of an entry of Node's cache: what it is, sizes of the source and of what was made of it, and a CRC-32 of each. */
const [headerBytes, sizeAt, checkAt] = [20, 8, 16];

/** The entry with the text that was made of the file that begins with a comment and says `mark`. */
function entryOf(cache: string, mark: string): string {
  const entries = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return entries.find((path) => readFileSync(path).subarray(headerBytes).includes(mark) && readFileSync(path).subarray(headerBytes, headerBytes + 3).equals(Buffer.from("/**"))) ?? assert.fail(`no entry of ${mark} in ${cache}`);
}

/** Adds a line of somebody's to the text that was made of a file of the program, as whoever can write there would. */
function poison(path: string, loaded: string): void {
  const entry = readFileSync(path);
  const text = Buffer.concat([entry.subarray(headerBytes), Buffer.from(`\nimport { appendFileSync as ours } from "node:fs"; ours(${JSON.stringify(loaded)}, "x");\n`)]);
  entry.writeUInt32LE(text.length, sizeAt);
  entry.writeUInt32LE(crc32(text), checkAt);
  writeFileSync(path, Buffer.concat([entry.subarray(0, headerBytes), text]));
}

function bed(context: TestContext) {
  const data = tempFolder(context);
  const program = copyProgram(join(data, "program"));
  const file = join(data, "holon.node.yaml");
  writeFileSync(file, "{ name: cloud-1, site: cloud, tier: cloud, jurisdiction: EU/DE, control: true }\n");
  const loaded = join(data, "loaded");
  const own = (words: readonly string[], environment: Readonly<Record<string, string>> = {}): HolonProcess => startHolon(context, words, program, { NODE_COMPILE_CACHE: undefined, ...environment });
  /** One life of the node, until it has measured. */
  async function run(environment: Readonly<Record<string, string>> = {}): Promise<Measured> {
    const base = await freePortBase();
    const node = own(["node", "start", file, "--data", data, "--listen-api", `127.0.0.1:${base}`], environment);
    const found = await until("it has measured", async (): Promise<Measured | undefined> => {
      assert.ok(node.isRunning(), node.stderr());
      const response = await fetch(`http://127.0.0.1:${base}/v1/status`, { headers: { authorization: `Bearer ${(await readToken(data)) ?? ""}` } }).catch(() => undefined);
      const measured = response?.ok === true ? z.looseObject({ measured: measuredSchema }).parse(await response.json()).measured : undefined;
      return measured === undefined || measured.state === "measuring" ? undefined : measured;
    }, patience);
    node.signal("SIGTERM");
    assert.equal((await node.ended).exitCode, 0);
    return found;
  }
  return { data, program, file, loaded, own, run, cache: join(data, "cloud-1", "cache"), noted: join(data, "cloud-1", "compiled.json") };
}

test("a cache of the node's own that somebody wrote to is believed as far as the node made it; the rest is taken away and told, and it starts as quickly as it can", onItsTurn(1, 2), async (context) => {
  const { run, cache, noted, loaded } = bed(context);
  assert.equal((await run()).state, "adopted");
  assert.ok(existsSync(noted), "what it made at its first start is noted once it has a key");
  const entry = entryOf(cache, ofCompose);
  const { ino, mtimeMs } = statSync(entry);
  assert.deepEqual((await run()).altered, []);
  assert.deepEqual([statSync(entry).ino, statSync(entry).mtimeMs], [ino, mtimeMs], "and believed");
  poison(entry, loaded);
  const { state, altered, held } = await run();
  assert.equal(existsSync(loaded), false, "it did not run");
  assert.deepEqual([state, altered.length, held], ["altered", 1, undefined]);
  assert.match(altered[0]?.what ?? "", /^cache\//);
  assert.equal((await run()).state, "adopted", "made anew");
});

test("a cache that the environment names is left behind by what starts or measures a node, and told as what it was started with", onItsTurn(2, 2), async (context) => {
  const { data, file, run, own, loaded } = bed(context);
  assert.equal((await run()).state, "adopted");
  const given = join(data, "given");
  assert.equal((await own(["node", "--help"], { NODE_COMPILE_CACHE: given }).ended).exitCode, 0);
  poison(entryOf(given, "class Ended extends HolonError"), loaded);
  await own(["node", "--help"], { NODE_COMPILE_CACHE: given }).ended;
  assert.ok(existsSync(loaded), "another command believes it");
  writeFileSync(loaded, "");
  assert.equal((await own(["node", "measure", file, "--data", data], { NODE_COMPILE_CACHE: given }).ended).exitCode, 0);
  const { held } = await run({ NODE_COMPILE_CACHE: given });
  assert.equal(readFileSync(loaded, "utf8"), "", "neither of the two ran it");
  assert.deepEqual(held?.first, ["start/NODE_COMPILE_CACHE"]);
  assert.deepEqual((await run({ NODE_COMPILE_CACHE: join(data, "cloud-1", "cache") })).held?.first, ["start/NODE_COMPILE_CACHE"], "nor is its own believed because somebody names it");
});
