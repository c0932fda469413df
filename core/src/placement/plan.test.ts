import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, type AppDocument, type Tier } from "../schema/app.ts";
import { planPlacement, type PlannedNode } from "./plan.ts";

const hash = (digit: string): string => digit.repeat(64);
const fn = (name: string, tier: Tier, models: readonly string[] = []) => ({ name, run: { tier }, code: hash("a"), on: { type: "in.came" }, emits: {}, models });
const app = (name: string, functions: readonly ReturnType<typeof fn>[], models: readonly string[] = [], sources: readonly string[] = []): AppDocument =>
  appDocumentSchema.parse({ name, functions, models: models.map((model) => ({ name: model, graph: hash("b") })), sources: sources.map((source) => ({ kind: "host", name: source, type: "in.came" })) });

const fleet: readonly PlannedNode[] = [
  { name: "gateway-2", tier: "gateway" },
  { name: "cloud-1", tier: "cloud" },
  { name: "gateway-1", tier: "gateway" },
  { name: "edge-1", tier: "edge" },
];
const pump = app("pump", [fn("judge", "gateway", ["pca"]), fn("merge", "edge"), fn("report", "cloud", ["trend"])], ["pca", "trend", "spare"], ["host"]);
const audit = app("audit", [fn("watch", "gateway")]);

/** A plan as a person reads it. */
function print(apps: readonly AppDocument[], nodes: readonly PlannedNode[]): string {
  const part = ({ name, functions, models, sources }: AppDocument): string =>
    [`${name}:`, ...functions.map((each) => each.name), ...models.map((model) => `model ${model.name}`), ...sources.map((source) => `source ${source.name}`)].join(" ");
  return planPlacement(apps, nodes).map(({ node, apps: parts }) => `${node}\n${parts.map((each) => `  ${part(each)}\n`).join("")}`).join("");
}

test("a function runs on every node of its tier with the models it uses; sources stand at the gateways", () => {
  assert.equal(
    print([pump, audit], fleet),
    `cloud-1
  pump: report model trend
edge-1
  pump: merge
gateway-1
  audit: watch
  pump: judge model pca source host
gateway-2
  audit: watch
  pump: judge model pca source host
`,
  );
});

test("every node is in the plan, also one with nothing to run, so that it is told so", () => {
  assert.equal(print([], fleet), "cloud-1\nedge-1\ngateway-1\ngateway-2\n");
  assert.equal(print([app("lone", [], [], ["host"])], fleet), "cloud-1\nedge-1\ngateway-1\n  lone: source host\ngateway-2\n  lone: source host\n");
});

test("a model that answers stands at its tier, with or without a function there", () => {
  const { models, ...rest } = app("digits", [fn("read", "gateway", ["small"])], ["small", "large"]);
  const answering = appDocumentSchema.parse({ ...rest, models: models.map((model) => (model.name === "large" ? { ...model, answers: { tier: "cloud" } } : model)) });
  assert.equal(print([answering], fleet), "cloud-1\n  digits: model large\nedge-1\ngateway-1\n  digits: read model small\ngateway-2\n  digits: read model small\n");
});

test("the order of nodes and apps makes no difference, and nothing that came in is changed", () => {
  const [apps, nodes] = [[pump, audit], [...fleet]];
  const before = JSON.stringify([apps, nodes]);
  assert.deepEqual(planPlacement(apps, nodes), planPlacement(apps.toReversed(), nodes.toReversed()));
  assert.equal(JSON.stringify([apps, nodes]), before);
});
