/** A cascade as an app declares it, on a real gateway, edge and cloud: who answers, through a cut and after it, and that drift is told. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { startThree } from "./machine/three.ts";
import { until } from "./testing/wait.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

const example = fileURLToPath(new URL("../../examples/digits", import.meta.url));
const mnist = fileURLToPath(new URL("../../../shared/data/mnist/", import.meta.url));
const skip = existsSync(mnist) ? false : "data/mnist is not in the folder shared/ beside the repository";

interface Read {
  readonly digit: number;
  readonly confidence: number;
  readonly answeredBy: string;
  readonly sure: boolean;
  readonly kept?: string;
}

/** The first of the test pictures. */
function pictures(count: number): readonly { readonly bytes: readonly number[]; readonly label: number }[] {
  const open = (kind: string, start: number): Uint8Array => gunzipSync(readFileSync(join(mnist, `t10k-${kind}-ubyte.gz`))).subarray(start);
  const [images, labels] = [open("images-idx3", 16), open("labels-idx1", 8)];
  return Array.from({ length: count }, (_, index) => ({ bytes: [...images.subarray(index * 784, (index + 1) * 784)], label: labels[index] ?? -1 }));
}

const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] => Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

test("digits are read where they are written, unsure ones in the cloud; alone the gateway reads them all and says how sure it is", onItsTurn(1, 2, skip), async (context) => {
  const data = join(tempFolder(context), "data");
  const three = await startThree({ data, portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(example)));
  await until("the function runs", () => three.gateway.node.status().agent.units.some(({ state }) => state === "running"), 120_000);
  await until("the cloud answers", () => three.cloud.node.status().models.some(({ model }) => model === "digits/large"));
  assert.deepEqual(three.edge.node.status().models, []);

  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  const address = three.gateway.api.startsWith("http") ? three.gateway.api : `http://${three.gateway.api}`;
  const read = async (of: readonly (readonly number[])[]): Promise<readonly Read[]> => {
    const answers: Read[] = [];
    for (const batch of inBatches(of, 100)) {
      const response = await fetch(`${address}/v1/apps/digits/http/read`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify({ pictures: batch }) });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      answers.push(...(JSON.parse(text) as { readonly read: readonly Read[] }).read);
    }
    return answers;
  };
  const written = pictures(1_200);
  const bytes = written.map((picture) => picture.bytes);
  const rightOf = (answers: readonly Read[]): number => answers.filter(({ digit }, index) => digit === written[index]?.label).length / answers.length;
  const countBy = (answers: readonly Read[], what: (answer: Read) => string): Readonly<Record<string, number>> => Object.fromEntries([...Map.groupBy(answers, what)].map(([key, all]) => [key, all.length]));

  const linked = await read(bytes);
  const byNode = countBy(linked, ({ answeredBy }) => answeredBy);
  const asked = byNode["cloud-1"] ?? 0;
  assert.equal((byNode["gateway-1"] ?? 0) + asked, linked.length, JSON.stringify(byNode));
  assert.ok(asked > 0 && asked * 5 < linked.length, `asked ${asked} of ${linked.length}`);
  assert.ok(linked.every(({ sure, kept }) => sure && kept === undefined));

  three.gateway.node.cutUplink();
  await until("the gateway is alone", () => three.gateway.node.status().uplink?.state !== "open");
  const alone = await read(bytes);
  assert.deepEqual(countBy(alone, ({ answeredBy, sure, kept }) => `${answeredBy} ${sure} ${kept ?? ""}`), { "gateway-1 true ": linked.length - asked, "gateway-1 false cut": asked });
  assert.deepEqual(alone.filter(({ sure }) => sure).map(({ digit }) => digit), linked.filter(({ answeredBy }) => answeredBy === "gateway-1").map(({ digit }) => digit));
  assert.ok(rightOf(linked) > 0.95 && rightOf(linked) > rightOf(alone) + 0.01, `right: ${rightOf(linked)} linked, ${rightOf(alone)} alone`);
  assert.ok(alone.filter(({ sure }) => !sure).every(({ confidence }) => confidence < 0.848));
  three.gateway.node.healUplink();
  await until("the gateway is linked", () => three.gateway.node.status().uplink?.state === "open");

  three.edge.node.cutUplink();
  await until("the edge is alone", () => three.edge.node.status().uplink?.state !== "open");
  const beyond = await read(bytes.slice(0, 400));
  assert.deepEqual(beyond.map(({ answeredBy, kept }) => `${answeredBy} ${kept ?? ""}`), linked.slice(0, 400).map(({ answeredBy }) => (answeredBy === "cloud-1" ? "gateway-1 cut" : "gateway-1 ")));
  three.edge.node.healUplink();
  await until("the edge is linked", () => three.edge.node.status().uplink?.state === "open");
  assert.equal((countBy(await read(bytes), ({ answeredBy }) => answeredBy))["cloud-1"], asked, "as before");

  await read(bytes.slice(0, 800).map((picture) => picture.map((byte) => 255 - byte)));
  const drifts = async (): Promise<readonly unknown[]> => {
    const found = three.gateway.node.log.heads().get("gateway-1/telemetry");
    const records = found === undefined ? [] : await three.gateway.node.log.read(found.lane, 1, { maxRecords: 1_000, maxBytes: 4 << 20 });
    return records.map(({ bytes: text }) => parseStoredEvent(text, "test")).filter(({ type }) => type === "holon.model.drift").map((event) => event.data);
  };
  const told = await until("the drift is told", async () => (await drifts()).length > 0 && (await drifts()));
  const [first] = told as readonly { readonly model: string; readonly side: string; readonly state: string }[];
  assert.deepEqual([first?.model, first?.side, first?.state], ["digits/small", "input", "began"]);
});
