/**
 * The apps of a residency case: `doors` lowers by every transform there is and tells by every way out there is; `others` reads the same events and
 * declares them as it likes. What a function says it takes from what it is handed, so that markers say whose words went where.
 */
import { createHash } from "node:crypto";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { graphOf } from "@holon/node/testing/sign-graph.ts";
import { markerPrefix } from "../checkers/raw-stays.ts";
import { liarIn, lieType, lyingCode } from "./lies.ts";

/** Says what it was told to say, and fails with all that it knows. */
const judge = `export default {
  kind: "holon.function",
  on: { type: "door.passed" },
  emits: { "out.derived": { stream: "data", class: "derived" }, "out.aggregate": { stream: "telemetry", class: "aggregate" }, "out.public": { stream: "alarm", class: "public" }, "out.ordered": { stream: "local", class: "derived" } },
  models: [],
  run(event, context) {
    context.status("saw " + JSON.stringify(event.data));
    if (event.data.fails) throw new Error("cannot handle " + JSON.stringify(event.data));
    for (const [kind, text] of Object.entries(event.data.says ?? {})) context.emit("out." + kind, { data: { text } });
    if (event.data.shares) context.shared.register("mode", event.data.at).set(event.data.shares);
    if (event.data.joins) context.shared.set("seen", event.data.at).add(event.data.joins);
  },
};
`;
/** Answers what it is asked with a marker of its own, and with what it finds in the shared state. */
const tell = `export default {
  kind: "holon.function",
  on: { http: { method: "GET", path: "/told" } },
  emits: { "holon.response": { stream: "local", class: "raw" } },
  models: [],
  run(event, context) {
    const { words, about } = event.data.query;
    context.emit("holon.response", { data: { request: event.data.request, body: ["${markerPrefix}" + words + "~", context.shared.register("mode", about).get() ?? null] } });
  },
};
`;
/** Is handed nothing but what is public, and says what others put into the shared state. */
const echo = `export default {
  kind: "holon.function",
  on: { type: "test.tick" },
  emits: { "out.echo": { stream: "alarm", class: "public" } },
  models: [],
  run(event, context) {
    context.emit("out.echo", { data: { text: [...context.shared.set("seen", event.data.at).values()] } });
  },
};
`;
/** Keeps what it was handed, and says it when it is handed something else: perhaps after a start in between. */
const keeper = `export default {
  kind: "holon.function",
  on: { type: "door.passed" },
  emits: { "out.recalled": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    if (event.data.keeps) context.state.set("kept", event.data.keeps);
    if (event.data.recalls) context.emit("out.recalled", { data: { text: context.state.get("kept") ?? null } });
  },
};
`;
/** The same over windows: what waits in one is told when it closes. */
const hours = `export default {
  kind: "holon.function",
  on: { type: "door.passed", window: { kind: "tumbling", sizeMs: 60000 }, by: "all", watermark: { per: "source" } },
  emits: { "out.hours": { stream: "data", class: "derived" } },
  models: [],
  run(event, context) {
    context.emit("out.hours", { data: { text: event.data.events.flatMap(({ data }) => data.waits ?? []) } });
  },
};
`;
/** Copies what it is told to. */
const copy = `export default {
  kind: "holon.function",
  on: { type: "door.passed" },
  emits: { "out.copied": { stream: "alarm", class: "public" } },
  models: [],
  run(event, context) {
    if (event.data.copies) context.emit("out.copied", { data: { text: event.data.copies } });
  },
};
`;

const encoder = new TextEncoder();
const bytesOf = new Map(Object.entries({ "doors/judge": judge, "doors/tell": tell, "doors/echo": echo, "doors/liar": lyingCode, "others/keeper": keeper, "others/hours": hours, "others/copy": copy }).map(([name, text]) => [name, encoder.encode(text)]));
/** Never sure. */
const graph = graphOf(1e-9);
const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const codeOf = (name: string): string => hashOf(bytesOf.get(name) ?? graph);

/** Of functions, by name. */
export const codes: ReadonlyMap<string, Uint8Array> = bytesOf;
export const blobs: readonly Uint8Array[] = [...bytesOf.values(), graph];

/** Subjects that share all else, for a row of theirs to be told. */
export const k = 3;
/** Readings of a window, for it to be told. */
export const countMin = 5;
export const noiseEpsilon = 0.5;
/** Classes of what is asked and answered, as a trigger may say. */
export const askedClasses = ["derived", "aggregate", "public"] as const satisfies readonly DataClass[];
export type AskedClass = (typeof askedClasses)[number];
/** Of the second app: what it says that the readings are. */
export type OthersClass = DataClass;

/** What noise makes holds nothing of anybody: only its type says that it is there. */
export const hazyType = (phase: number, origin: string): string => `out.hazy-${phase}-at-${origin}`;

const cascade = (graphHash: string) => [
  { name: "tiny", graph: graphHash, cascade: { above: "large", gate: { temperature: 1, threshold: 0.99 }, release: { class: "derived", because: "a test" } } },
  { name: "large", graph: graphHash, answers: { tier: "cloud" } },
];
const rows = { kind: "judge", name: "rows", on: "door.rowed", emits: "out.rows", stream: "local", fields: ["weight"], model: "tiny", because: "a test" } as const;
const alarm = { stream: "alarm", class: "public" } as const;
const data = { stream: "data", class: "derived" } as const;
/** Given to devices wherever they are; whoever has such a door is offered them. */
const orders = { "out.ordered": { stream: "local", class: "derived" } } as const;
const yard = { kind: "mqtt", name: "yard", type: "door.knocked", gives: Object.keys(orders).map((type) => ({ type, topic: "yard/{subject}", roams: true })) } as const;

/** `own`: class of its readings; `asked`: of questions and answers. */
export interface DoorsClasses {
  readonly own: DataClass;
  readonly asked: AskedClass;
}

export function doorsApp({ own, asked }: DoorsClasses, phase: number, origin: string): AppDocument {
  return appDocumentSchema.parse({
    name: "doors",
    sources: [...["door.passed", "door.weighed", "door.logged", "door.loaded", "door.spread", "door.rowed", lieType(phase)].map((type, index) => ({ kind: "host", name: `in-${index}`, type, class: own })), { kind: "host", name: "tick", type: "test.tick", class: "public" }, yard],
    functions: [
      { name: "tell", code: codeOf("doors/tell"), on: { http: { method: "GET", path: "/told", class: asked } }, timeoutMs: 2_000, emits: { "holon.response": { stream: "local", class: "raw" } } },
      { name: "judge", code: codeOf("doors/judge"), on: { type: "door.passed" }, retriesMax: 0, emits: { "out.derived": data, "out.aggregate": { stream: "telemetry", class: "aggregate" }, "out.public": alarm, ...orders } },
      { name: "echo", code: codeOf("doors/echo"), on: { type: "test.tick" }, emits: { "out.echo": alarm } },
      { name: liarIn(phase), code: codeOf("doors/liar"), on: { type: lieType(phase) }, retriesMax: 0, models: ["fits"], emits: {} },
    ],
    models: [...cascade(hashOf(graph)), { name: "fits", graph: hashOf(graph), fit: { by: [liarIn(phase)], tensors: { gain: [1] } } }],
    reductions: [
      { kind: "redact", name: "less", on: "door.passed", emits: "out.less", fields: ["kept"], because: "a test" },
      { kind: "pseudonymise", name: "alias", on: "door.passed", emits: "out.alias", fields: ["beside"], replace: ["name"], because: "a test" },
      { kind: "k-anonymise", name: "crowd", on: "door.passed", emits: "out.crowd", fields: ["group", "badge"], quasi: { group: { exact: true } }, k, everyMs: 1_000 },
      { kind: "k-anonymise", name: "alike", on: "door.passed", emits: "out.alike", fields: ["alike"], quasi: {}, k, everyMs: 1_000 },
      { kind: "aggregate", name: "total", on: "door.weighed", emits: "out.total", stream: "telemetry", fields: ["weight"], everyMs: 1_000, countMin, measures: ["count", "mean"] },
      // The names of fields are a device's words.
      { kind: "aggregate", name: "named", on: "door.loaded", emits: "out.named", stream: "telemetry", everyMs: 1_000, countMin, measures: ["count", "mean"] },
      // One reading to a part; of what is personal it is not taken.
      ...(own === "raw" ? [{ kind: "aggregate", name: "spread", on: "door.spread", emits: "out.spread", fields: ["level"], everyMs: 1_000, countMin, measures: [], envelope: countMin, digits: 17 }] : []),
      { kind: "noise", name: "hazy", on: "door.weighed", emits: hazyType(phase, origin), field: "weight", everyMs: 1_000, low: 0, high: 20, step: 1, epsilon: noiseEpsilon, budget: 100 },
      // What is personal cannot be released by anybody's word.
      ...(own === "raw" ? [{ kind: "sample", name: "sampled", on: "door.logged", emits: "out.sampled", rows: 1, method: { kind: "systematic", every: 2 }, release: { class: "derived", because: "a test" } }] : []),
      rows,
    ],
    shared: [{ name: "mode", kind: "register", class: "derived" }, { name: "seen", kind: "set", class: "derived" }],
  });
}

/** Of a node to which devices may have gone. */
export const yardApp = (): AppDocument => appDocumentSchema.parse({ name: "doors", sources: [yard], functions: [], models: [] });

export function othersApp(declared: OthersClass): AppDocument {
  return appDocumentSchema.parse({
    name: "others",
    sources: ["door.passed", "door.rowed", "door.loaded"].map((type, index) => ({ kind: "host", name: `in-${index}`, type, class: declared, stream: "local" })),
    functions: [
      { name: "keeper", code: codeOf("others/keeper"), on: { type: "door.passed" }, emits: { "out.recalled": data } },
      { name: "hours", code: codeOf("others/hours"), on: { type: "door.passed", window: { kind: "tumbling", sizeMs: 60_000 }, by: "all", watermark: { per: "source" } }, emits: { "out.hours": data } },
      { name: "copy", code: codeOf("others/copy"), on: { type: "door.passed" }, emits: { "out.copied": alarm } },
    ],
    models: cascade(hashOf(graph)),
    reductions: [{ kind: "aggregate", name: "loads", on: "door.loaded", emits: "out.loads", everyMs: 1_000, countMin, measures: ["mean"] }, { kind: "redact", name: "bare", on: "door.passed", emits: "out.bare", fields: ["bare"], because: "a test" }, rows],
  });
}
