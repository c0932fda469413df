/** Gathers readings into windows, learns the first windows of each fan, then judges each window on the spot. */
import { defineFunction, type UnitContext, type UnitEvent } from "@holon/sdk";
import { featuresOf, windowSamples } from "./features.ts";
import { rule } from "./rule.ts";

const emits = {
  "fan.alert": { stream: "alarm", class: "derived" },
  "fan.score": { stream: "local", class: "derived" },
} as const;

type Context = UnitContext<keyof typeof emits>;

interface Fan {
  /** Of the window that is being gathered: x, y and z. */
  readonly samples: readonly (readonly number[])[];
  /** Features of windows that are learned from. */
  readonly learned: readonly (readonly number[])[];
  readonly alarmed: boolean;
}

export default defineFunction({
  on: { type: "fan.reading" },
  emits,
  run(event, context) {
    const sample = toSample(event.data);
    if (sample === undefined) return;
    const key = `fan/${event.subject ?? ""}`;
    // Only this function writes its state, so what is there is of this shape.
    const fan = (context.state.get(key) as Fan | undefined) ?? { samples: [], learned: [], alarmed: false };
    const samples = [...fan.samples, sample];
    context.state.set(key, samples.length < windowSamples ? { ...fan, samples } : withWindow({ ...fan, samples }, event, context));
  },
});

function withWindow({ samples, ...fan }: Fan, event: UnitEvent, context: Context): Fan {
  const features = featuresOf([0, 1, 2].map((axis) => samples.map((sample) => sample[axis] ?? 0)));
  if (fan.learned.length < rule.learnWindows) return { samples: [], learned: [...fan.learned, features], alarmed: false };
  const score = scoreOf(features, fan.learned);
  const alarmed = score > (fan.alarmed ? rule.exit : rule.enter);
  context.emit("fan.score", { data: { score: Number(score.toPrecision(4)), anomalous: alarmed } });
  if (alarmed !== fan.alarmed) context.emit("fan.alert", { timeMs: event.timeMs, data: { state: alarmed ? "open" : "closed", score: Number(score.toPrecision(4)) } });
  return { ...fan, samples: [], alarmed };
}

/** How many deviations the features are from what was learned: the root of the mean of squares. */
function scoreOf(features: readonly number[], learned: readonly (readonly number[])[]): number {
  const squares = features.map((value, index) => {
    const before = learned.map((window) => window[index] ?? 0);
    const mean = before.reduce((sum, one) => sum + one, 0) / before.length;
    const variance = before.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (before.length - 1);
    return ((value - mean) / Math.max(rule.deviationMin, Math.sqrt(variance))) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** `undefined` unless all three axes are there. */
function toSample(data: unknown): readonly number[] | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const axes = new Map<string, unknown>(Object.entries(data));
  const sample = ["x", "y", "z"].map((axis) => axes.get(axis));
  return sample.every((value): value is number => Number.isFinite(value)) ? sample : undefined;
}
