/** What is planted where an app's node has its data, and by which ways each marker may travel: as the text of the policy and of the apps says, whatever nodes do. */
import type { NewRecord } from "@holon/core/log/log.ts";
import { isLowered, moreSensitive } from "@holon/core/policy/lowering.ts";
import type { Policy } from "@holon/core/policy/policy.ts";
import type { Transform } from "@holon/core/policy/transform.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import type { HolonNode } from "@holon/node/index.ts";
import type { BorderWatch, Lowering, Planted } from "../checkers/borders.ts";
import { countMin, hazyType, k, noiseEpsilon, type AskedClass, type OthersClass } from "./apps.ts";
import { drawLie, liarIn, lieType, type Lie } from "./lies.ts";
import type { SeededRandom } from "../random.ts";

export interface Planting {
  readonly phase: number;
  /** With which readings are born, and what the second app calls them. */
  readonly own: DataClass;
  readonly others: OthersClass;
  /** Of questions to a function, and its answers, as its trigger says. */
  readonly asked: AskedClass;
  readonly watch: BorderWatch;
  readonly policy: Policy;
  readonly random: SeededRandom;
}

/** Far enough apart for all windows of a phase to close within it. */
const phaseMs = 10_000_000;
const word: Transform = { kind: "function" };

/** Plants what readings of one phase hold. */
export class Plants {
  readonly #origin: string;
  readonly #planting: Planting;

  constructor(origin: string, planting: Planting) {
    this.#origin = origin;
    this.#planting = planting;
  }

  #at = (words: string): string => `${words}-${this.#planting.phase}.at-${this.#origin}`;
  #plant = (words: string, ways: readonly Planted[]): string => this.#planting.watch.plant(this.#at(words), ways, this.#planting.policy);
  never = (words: string): string => this.#plant(words, []);

  /** One step down, by a unit; none where nothing is lowered. */
  #step = (unit: string, from: DataClass, into: DataClass, through: Transform = word): readonly Lowering[] => (isLowered(from, into) ? [{ unit, from, into, through }] : []);
  #leaves = (own: DataClass, stream: string, lowered: readonly Lowering[]): Planted => ({ origin: this.#origin, action: "leave", resource: stream, class: own, lowered });
  #shared = (name: string, own: DataClass, lowered: readonly Lowering[]): Planted => ({ origin: this.#origin, action: "share", resource: `doors/${name}`, class: own, lowered });
  made = (words: string, unit: string, into: DataClass, stream: string, through: Transform = word): string => this.#plant(words, [this.#leaves(into, stream, this.#step(unit, this.#bornFor(unit), into, through))]);
  /** An app's own word counts where it says more than the event was born with. */
  #bornFor = (unit: string): DataClass => (unit.startsWith("others/") ? moreSensitive(this.#planting.own, this.#planting.others) : this.#planting.own);

  /** Without its subject an output of what is raw has that of its input; of what is personal it has a pseudonym. */
  subjectOf = (words: string, units: readonly (readonly [unit: string, into: DataClass, stream: string, through: Transform])[], more: readonly Planted[] = []): string =>
    this.#plant(words, this.#planting.own === "personal" ? [] : [...units.map(([unit, into, stream, through]) => this.#leaves(into, stream, this.#step(unit, this.#bornFor(unit), into, through))), ...more]);

  /** What a function that has taken over its sandbox was handed goes nowhere, by whatever it says: but as the subject for which it fits, where it may tell everybody what it was handed. */
  lie(random: SeededRandom): Lie {
    const { watch, phase, policy, own } = this.#planting;
    const name = watch.plantName(`lied-${phase}-at-${this.#origin}`, policy);
    const { how, code } = drawLie(phase, random);
    const text = how === "fit" && own !== "personal" ? this.made("lied", `doors/${liarIn(phase)}`, "public", "audit") : this.never("lied");
    return { how, code, text, name };
  }
  born = (): string => this.#plant("born", [this.#leaves("public", "data", [])]);
  hazy(): string {
    const { watch, policy, own, phase } = this.#planting;
    return watch.plantType(hazyType(phase, this.#origin), [this.#leaves("aggregate", "data", this.#step("doors/hazy", own, "aggregate", { kind: "noise", epsilon: noiseEpsilon }))], policy);
  }
  /** As an order to a device that may be anywhere; and as its subject. */
  ordered = (): Planted => this.#shared("out.ordered", "derived", this.#step("doors/judge", this.#planting.own, "derived"));
  orders = (): string => this.#plant("ordered", [this.ordered()]);
  /** By the shared state itself, and as an answer of a function that reads it there: of the class that it has there, or lowered once more. */
  shares(): string {
    const { own, asked } = this.#planting;
    const judged = this.#step("doors/judge", own, "derived");
    const told = (from: DataClass, before: readonly Lowering[]): Planted => this.#shared("tell", asked, [...before, ...this.#step("doors/tell", from, asked)]);
    return this.#plant("shares", [this.#shared("mode", "derived", judged), this.#shared("tell", "derived", judged), told("derived", judged), told(own, [])]);
  }
  /** By the shared state, and said by a function that was handed nothing but it: of the class that it has there, or lowered once more. */
  joins(): string {
    const { own } = this.#planting;
    const judged = this.#step("doors/judge", own, "derived");
    const said = (from: DataClass, before: readonly Lowering[]): Planted => this.#leaves("public", "alarm", [...before, ...this.#step("doors/echo", from, "public")]);
    return this.#plant("joins", [this.#shared("seen", "derived", judged), this.#leaves("derived", "alarm", judged), said("derived", judged), said(own, [])]);
  }
  /** Rows that a model above is asked about: released by the word of the app's author. */
  /** As the name of a field, which an aggregate that names none tells of; of a person's it tells no word. */
  field(): string {
    const told = (["doors/named", "others/loads"] as const).map((unit, index) => [unit, this.#bornFor(unit), index === 0 ? "telemetry" : "data"] as const);
    return this.#plant("field", told.filter(([, from]) => from !== "personal").map(([unit, from, stream]) => this.#leaves("aggregate", stream, this.#step(unit, from, "aggregate", { kind: "aggregate", count: countMin }))));
  }
  /** One reading among others, which no aggregate tells by itself. */
  level(number: number): number {
    return this.#planting.watch.plantNumber(number, this.#at("level"), [], this.#planting.policy);
  }
  row(number: number): number {
    const { watch, policy } = this.#planting;
    return watch.plantNumber(number, this.#at("row"), (["doors", "others"] as const).map((name): Planted => ({ origin: this.#origin, action: "ask", resource: `${name}/tiny`, class: "derived", lowered: this.#step(`${name}/rows`, this.#bornFor(`${name}/rows`), "derived", { kind: "release" }) })), policy);
  }
}

/** Every reading is followed: its way is told in spans, which go wherever telemetry goes. */
const followed = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** Readings, and a few records that no unit would write. */
export async function plantAt(node: HolonNode, planting: Planting): Promise<void> {
  const { phase, own, random } = planting;
  const plants = new Plants(node.config.name, planting);
  const { never, made } = plants;
  const record = (input: object): NewRecord => node.events.record({ stream: "local", producer: "test", traceparent: followed, ...input } as Parameters<HolonNode["events"]["record"]>[0]);
  const atMs = phaseMs * phase;
  const judged = (["derived", "aggregate", "public"] as const).map((into, index) => ["doors/judge", into, ["data", "telemetry", "alarm"][index] ?? "data", word] as const);
  const toldOf = [...judged, ["others/keeper", "derived", "data", word], ["others/copy", "public", "alarm", word]] as const;
  const named = (subject: string): string => plants.subjectOf(`subject-${subject}`, toldOf, [plants.ordered()]);
  const reading = (subject: string, timeMs: number, more: object): NewRecord => record({ type: "door.passed", class: own, subject: named(subject), timeMs, data: { at: String(phase), secret: never("secret"), name: never(`name-${subject}`), ...more } });
  const common = {
    kept: made("kept", "doors/less", "derived", "data", { kind: "redact" }),
    bare: made("bare", "others/bare", "derived", "data", { kind: "redact" }),
    beside: made("beside", "doors/alias", "derived", "data", { kind: "pseudonymise" }),
    says: { derived: made("derived", "doors/judge", "derived", "data"), aggregate: made("aggregate", "doors/judge", "aggregate", "telemetry"), public: made("public", "doors/judge", "public", "alarm"), ordered: plants.orders() },
    shares: plants.shares(),
    joins: plants.joins(),
    keeps: made("keeps", "others/keeper", "derived", "data"),
    copies: made("copies", "others/copy", "public", "alarm"),
  };
  const group = made("group", "doors/crowd", "derived", "data", { kind: "k-anonymise", k });
  const passed = [...["a", "b", "c"].map((subject) => reading(subject, atMs, { ...common, group, badge: never(`badge-${subject}`), alike: never(`alike-${subject}`) })), reading("d", atMs, { ...common, group: never("lone") })];
  /** So many in a window, and one behind it, with which it closes. */
  const weighed = (subject: string, count: number): readonly NewRecord[] => Array.from({ length: count + 1 }, (_, index) => record({ type: "door.weighed", class: own, subject, timeMs: atMs + (index < count ? 0 : phaseMs / 2), data: { weight: 7 } }));
  const field = plants.field();
  const level = plants.level(levelNumber(phase));
  /** One to each part of a window, and one behind it. */
  const spreadMs = [...Array.from({ length: countMin }, (_, index) => (index * 1_000) / countMin), phaseMs / 2];
  const total = [["doors/total", "aggregate", "telemetry", { kind: "aggregate", count: countMin }]] as const;
  const logged = plants.subjectOf("logged", [["doors/sampled", "derived", "data", { kind: "release" }]]);
  plants.hazy();
  const plain = [
    ...weighed(plants.subjectOf("many", total), countMin), ...weighed(never("few"), countMin - 1),
    ...Array.from({ length: 4 }, () => record({ type: "door.logged", class: own, subject: logged, timeMs: atMs, data: { weight: 7 } })),
    ...spreadMs.map((afterMs) => record({ type: "door.loaded", class: own, timeMs: atMs + afterMs, data: { [field]: 7 } })),
    ...spreadMs.map((afterMs, index) => record({ type: "door.spread", class: own, timeMs: atMs + afterMs, data: { level: index === 1 ? level : 7 } })),
    record({ type: "door.rowed", class: own, timeMs: atMs, data: { weight: plants.row(rowNumber(phase)) } }),
    record({ type: lieType(phase), class: own, timeMs: atMs, data: { lie: plants.lie(random.fork("lie")) } }),
    record({ stream: "data", type: "test.born", class: "public", data: { text: plants.born() } }),
  ];
  // What no unit would do: raw readings in a stream that leaves.
  if (random.chance(0.1)) plain.push(record({ stream: random.pick(["data", "alarm", "telemetry"]), type: "test.slipped", class: random.pick(["raw", "personal"]), data: { text: never("slipped") } }));
  await node.log.append({ records: [...passed, ...plain] });
  // By itself: a batch in which one fails is done again one by one, and that costs more than all the rest.
  await node.log.append({ records: [reading("e", atMs + phaseMs / 2, { fails: true, more: never("fails"), waits: made("waits", "others/hours", "derived", "data") })] });
}

/** What is public brings out what units still hold of readings: of their state, their windows, and what is shared. */
export async function wakeAt(node: HolonNode, phase: number): Promise<void> {
  const record = (type: string, data: object): NewRecord => node.events.record({ stream: "local", type, class: "public", producer: "test", timeMs: phaseMs * phase + phaseMs * 0.75, data });
  await node.log.append({ records: [record("door.passed", { recalls: true }), record("test.tick", { at: String(phase) })] });
}

/** Whole, and exact in 32 bits; nothing else in the world is as large. */
const rowNumber = (phase: number): number => 12_345_600 + phase;
const levelNumber = (phase: number): number => 23_456_700 + phase;
