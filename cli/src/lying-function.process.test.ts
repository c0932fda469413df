/**
 * A function that makes up all that comes out of its sandbox, in a real one: it is handed raw readings, and puts them wherever its node might have words of its own. Whatever crosses the link is
 * searched for them, while those above ask for everything that can be asked for.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { diagnosisMethods } from "@holon/core/diagnosis/ask.ts";
import { errorTable } from "@holon/core/errors.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { statusMethods } from "@holon/core/schema/links-report.ts";
import { graphOf } from "@holon/node/testing/sign-graph.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { canBeRead } from "@holon/platform/testing/can-be-read.ts";
import { startTappedThree } from "./testing/tapped-three.ts";
import { until } from "./testing/wait.ts";

/** What the sandbox's own host would have written as JSON is replaced by what the reading says. */
const code = (kind: "replaces" | "asks"): Uint8Array =>
  new TextEncoder().encode(`
const write = JSON.stringify;
let forged;
JSON.stringify = (value, ...rest) => {
  if (forged && value && typeof value === "object" && "code" in value && "message" in value) return write({ code: forged.code, message: forged.said, next: forged.said, said: forged.said });
  if (forged && value && typeof value === "object" && "inferenceMs" in value) return write({ ...value, ...forged.result });
  return write(value, ...rest);
};
export default {
  kind: "holon.function", on: { type: "door.read" }, emits: {}, models: ["fits"],
  async run(event, context) {
    ${kind === "replaces" ? "forged = event.data; if (forged.code) throw new Error(forged.said);" : "forged = undefined; await context.models.fits.fit(event.data.said, { [event.data.said]: { shape: [1], values: Float32Array.of(1) } }, event.data.said);"}
  },
};`);

const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes);
const graph = graphOf(1);
/** What no word of ours has. */
const planted = "mustermann-q";
const word = (index: number): string => `Erika ${planted}, ${index} bar`;
const name = (index: number): string => `${planted}-${index}`;

/** One lie for each code that there is, and for each field of a result. */
const lies = [
  ...Object.keys(errorTable).filter((_, index) => index % 12 === 0).concat("HOLON_LEASE_OVER", "HOLON_CALL_BUSY", "HOLON_UNIT_INTERRUPTED", "HOLON_UNIT_BAD", "nobody-knows").map((lied, index) => ({ said: word(index), code: lied })),
  ...[
    { outputs: [{ type: name(900), subject: word(900), timeMs: 0, data: word(900), cause: 0 }] },
    { inferences: { [name(901)]: word(901) } },
    { inferences: { [name(902)]: 2 }, inferenceMs: [1], calls: [{ model: name(902), cause: 0, atMs: 0, tookMs: 1, by: name(902) }] },
    { shared: [{ op: "include", name: name(903), key: name(903), text: word(903) }] },
    { state: [{ key: name(904), value: JSON.stringify(word(904)) }], status: word(904) },
    { [name(905)]: word(905) },
  ].map((result, index) => ({ said: word(900 + index), result })),
];
const functionsOf = (kind: "replaces" | "asks") => lies.filter((_, index) => kind === "replaces" || index === 0).map((_, index) => ({ name: `${kind}-${index}`, code: sha256(code(kind)), on: { type: `door.read-${kind}-${index}` }, retriesMax: 0, models: ["fits"], emits: {} }));
const app = appDocumentSchema.parse({
  name: "door",
  tracing: {},
  sources: [{ kind: "host", name: "in", type: "door.read", class: "raw" }],
  functions: [...functionsOf("replaces"), ...functionsOf("asks")],
  models: [{ name: "fits", graph: sha256(graph), fit: { by: ["asks-0"], tensors: { gain: [1] } } }],
  egress: [],
});
const by = { principal: "person auditor", role: "owner", at: "cloud-1" };

test("nothing that a function which has taken over its sandbox was handed crosses the link in what is told of it", { timeout: 400_000 }, async (context) => {
  const { gateway, cloud, control, frames } = await startTappedThree(context, join(tempFolder(context), "data"));
  for (const blob of [code("replaces"), code("asks"), graph]) await control.blobs.put(blob);
  await control.deploy(app);
  await until("all of them stand there", () => gateway.status().agent.units.length === app.functions.length, 120_000);
  const reading = (type: string, data: object) => gateway.events.record({ stream: "local", type, class: "raw", producer: "test", data, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" });
  await gateway.log.append({ records: [...lies.map((lie, index) => reading(`door.read-replaces-${index}`, lie)), reading("door.read-asks-0", { said: word(999) })] });
  const isDone = ({ handled, failed, problem }: { readonly handled: number; readonly failed: number; readonly problem?: object | undefined }): boolean => handled + failed > 0 || problem !== undefined;
  await until("each has said its lie", () => gateway.status().agent.units.every(isDone), 120_000);

  await cloud.askNode(gateway.log.origin, statusMethods.node, {}, 10_000);
  const { desk } = cloud.diagnosis;
  const told = [await desk.ask("gateway-1", diagnosisMethods.logs, { by, session: "s" }, 10_000), await desk.ask("gateway-1", diagnosisMethods.events, { by, session: "s" }, 10_000)].map((answer) => JSON.stringify(answer));
  for (const kind of ["report", "bundle"] as const) {
    const { id } = await desk.request("gateway-1", { kind }, by, 60_000);
    await desk.settled(id, 30_000);
    const result = desk.result(id);
    assert.ok(result?.ok === true, `the ${kind} is there`);
    told.push(JSON.stringify(result));
  }
  const failed = async (): Promise<readonly string[]> => (await cloud.log.find({ accepts: ({ origin }) => origin === "gateway-1", type: "holon.function.failed", limit: 1_000 })).map(({ event }) => (event.data as { readonly code: string }).code);
  await until("that most of them failed is told", async () => (await failed()).length > lies.length / 2, 120_000);
  await until("what is to be told has been told", () => gateway.status().uplink?.backlog === 0, 120_000);

  told.push(...frames.filter(({ from }) => from !== "cloud-1").map(({ plain }) => plain.toString("latin1")));
  assert.match(told.join("\n"), /holon\.function\.failed/);
  for (const text of told) assert.ok(!canBeRead(text, planted), text.slice(Math.max(0, text.indexOf(planted) - 600), text.indexOf(planted) + 200));
  assert.deepEqual([...new Set(await failed())].filter((one) => !["HOLON_UNIT_THREW", "HOLON_UNIT_DIED", "HOLON_UNIT_BAD"].includes(one)), [], "each failed by a code that is a sandbox's to give");
});
