/** Learns what is normal for each subject from its first readings, then judges each reading on the spot. */
import { defineFunction, type UnitContext, type UnitEvent } from "@holon/sdk";
import { shares } from "./causes.ts";
import { fit, judge, reachOf, smooth, toInput } from "./detector.ts";
import { closed, extendEpisode, opened } from "./episode.ts";
import { keepRow, takeRows } from "./learning.ts";
import { addToMinute, publish } from "./minutes.ts";
import { extendSensors, finiteValues, toRow, type Row } from "./reading.ts";
import { rule } from "./rule.ts";
import { loadSubject, saveSubject, type Subject } from "./subject.ts";

const emits = {
  "pump.alert": { stream: "alarm", class: "derived" },
  "pump.minute": { stream: "data", class: "aggregate" },
  "pump.sensors": { stream: "data", class: "derived" },
  "pump.score": { stream: "local", class: "derived" },
} as const;

type Context = UnitContext<keyof typeof emits, "pca">;

export default defineFunction({
  on: { type: "pump.reading" },
  emits,
  models: ["pca"],
  async run(event, context) {
    const values = finiteValues(event.data);
    if (values.size === 0) return;
    const name = event.subject ?? "";
    let subject = loadSubject(context.state, name);
    const isLearning = subject.smoothed.length === 0 || !context.models.pca.fitted(name);
    if (isLearning) subject = withSensors(subject, extendSensors(subject.sensors, values), context);
    const row = toRow(subject.sensors, values);
    subject = withMinute(subject, event, row, context);
    subject = isLearning ? await learn(subject, name, row, context) : await watch(subject, name, event, row, context);
    saveSubject(context.state, name, subject);
  },
});

/** Lists in aggregates are in the order of the sensors, which is told when it changes. */
function withSensors(subject: Subject, sensors: readonly string[], context: Context): Subject {
  if (sensors.length === subject.sensors.length) return subject;
  context.emit("pump.sensors", { data: { sensors } });
  return { ...subject, sensors };
}

function withMinute(subject: Subject, event: UnitEvent, row: Row, context: Context): Subject {
  const { minute, closed: before } = addToMinute(subject.minute, event.timeMs, row);
  const data = before === undefined ? undefined : publish(before);
  if (before !== undefined && data !== undefined) context.emit("pump.minute", { timeMs: before.startMs, data });
  return { ...subject, minute };
}

async function learn(subject: Subject, name: string, row: Row, { state, models, status }: Context): Promise<Subject> {
  // A subject that was watched and whose parameters are gone is learned from the start.
  const kept = subject.smoothed.length === 0 ? subject.learned : 0;
  const learned = keepRow(state, name, kept, learnable(row));
  if (learned < rule.learnRows) {
    status(`learning ${learned}/${rule.learnRows}`);
    return { ...subject, learned, smoothed: [] };
  }
  const { parameters, smoothed } = await fit(takeRows(state, name, learned), subject.sensors.length, (inputs) => models.pca.run(inputs));
  models.pca.fit(name, parameters, `rows ${learned}, sensors ${subject.sensors.length}`);
  status("watching");
  return { ...subject, learned, smoothed };
}

/** What 32-bit floats cannot hold is no level of any sensor: nothing is learned from it. */
const learnable = (row: Row): Row => row.map((value) => (value !== null && Number.isFinite(Math.fround(value)) ? value : null));

async function watch(subject: Subject, name: string, event: UnitEvent, row: Row, { emit, models, status }: Context): Promise<Subject> {
  const parameters = models.pca.parameters(name) ?? {};
  const smoothed = smooth(subject.smoothed, row, reachOf(parameters));
  const x = toInput([smoothed], parameters["origin"] ?? { shape: [0], values: new Float32Array(0) });
  const judgement = judge(await models.pca.run({ x }, { parameters: name }), parameters);
  const { episode, episodes, ...rest } = subject;
  const anomalous = judgement.score > (episode === undefined ? rule.enter : rule.exit);
  emit("pump.score", { data: { score: Number(judgement.score.toPrecision(4)), anomalous } });
  status("watching");
  if (!anomalous) {
    if (episode !== undefined) emit("pump.alert", { data: closed(episode, subject.sensors) });
    return { ...rest, smoothed, episodes };
  }
  const extended = extendEpisode(episode, episodes, event.timeMs, judgement, shares(x.values, parameters));
  if (episode === undefined) emit("pump.alert", { data: opened(extended, subject.sensors) });
  return { ...rest, smoothed, episode: extended, episodes: extended.number };
}
