/**
 * What the promise is: no reading leaves its site. What it cannot be: that no number which some reading had ever leaves. A mean is
 * made of readings, and where all of them are equal it is that value; so the markers stand among other readings, as a reading
 * does, and the last test shows where the line runs.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test, type TestContext } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { inspectFiles, replaySource } from "./once/source-map.ts";
import { printTable } from "./testing/skab.ts";
import { startTappedThree, type TappedFrame } from "./testing/tapped-three.ts";

const example = fileURLToPath(new URL("../../examples/pump-watch", import.meta.url));

/** Of a reading while it learns, and of one that it judges (which it finds out of the ordinary). */
const learnedMarker = 58.31479;
const judgedMarker = 73914682.57;
const textMarker = "hush-4c1d9e";
/** In every reading: what a mean cannot hide. */
const constantMarker = 6183.2974;

const pressure = (row: number): number => (row === 123 ? learnedMarker : row === 700 ? judgedMarker : 60 + Math.sin(row / 11));

/** A machine with two sensors that move, one that does not, and a column of text that nobody mapped. */
function writeRecording(path: string): void {
  const rows = Array.from({ length: 900 }, (_, row) => [
    new Date(Date.UTC(2024, 0, 1) + row * 1000).toISOString(),
    `${pressure(row)}`,
    `${(20 + Math.cos(row / 7)).toFixed(5)}`,
    `${constantMarker}`,
    `note ${textMarker} ${row}`,
  ]);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, printTable(["datetime", "Pressure", "Current", "Fixed", "Note"], rows));
}

async function play(context: TestContext): Promise<readonly TappedFrame[]> {
  const folder = tempFolder(context);
  const path = join(folder, "press", "1.csv");
  writeRecording(path);
  const three = await startTappedThree(context, join(folder, "data"));
  const { document, blobs } = await publish(await loadManifest(example));
  for (const content of blobs.values()) await three.control.blobs.put(content);
  const source = replaySource(await inspectFiles([path]), { files: [path], speed: "max", badRows: "stop" }, "pump.reading");
  await three.control.deploy({ ...document, sources: [source] });
  await three.drained();
  return three.frames;
}

const fromGateway = (frames: readonly TappedFrame[]): readonly TappedFrame[] => frames.filter(({ from }) => from === "gateway-1");

/** A number in the forms in which it could stand in a text or a tensor: whole, rounded anyhow, and as a double. */
function formsOf(value: number): readonly Buffer[] {
  const texts = [String(value), ...[4, 5, 6, 7, 8, 9].flatMap((digits) => [value.toPrecision(digits), String(Number(value.toPrecision(digits)))]), ...[0, 1, 2, 3].map((digits) => value.toFixed(digits)), ...[3, 4, 5].map((digits) => value.toExponential(digits))];
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value);
  // Short forms are found in hashes and times by chance.
  return [...new Set(texts)].filter((text) => text.length >= 7).map((text) => Buffer.from(text)).concat(double, Buffer.from(double).reverse());
}

const isIn = (needle: Buffer, frames: readonly TappedFrame[]): boolean => frames.some(({ plain }) => plain.includes(needle));

test("a marker planted in raw readings never appears in the plaintext of the uplink", { timeout: 60_000 }, async (context) => {
  const frames = await play(context);
  const up = fromGateway(frames);

  await context.test("the tap sees what does cross: aggregates, alerts, names of sensors, and code on its way down", () => {
    for (const known of ["pump.minute", "pump.alert", "pump.sensors", "Pressure", '"class":"aggregate"', "press/1"]) assert.ok(isIn(Buffer.from(known), up), known);
    assert.ok(up.some(({ frame }) => frame.kind === "stream" && frame.header.op === "records"));
    assert.ok(frames.some(({ to, frame }) => to === "gateway-1" && frame.kind === "blob" && frame.header.op === "chunk"));
    assert.ok(isIn(Buffer.from('"episode":1'), up), "the planted reading was found out of the ordinary");
  });

  for (const marker of [learnedMarker, judgedMarker]) {
    await context.test(`${marker} crosses in no form`, () => {
      for (const form of formsOf(marker)) assert.ok(!isIn(form, up), form.toString());
    });
  }

  await context.test("a column that is not mapped crosses neither by its text nor by its name", () => {
    for (const text of [textMarker, "Note"]) assert.ok(!isIn(Buffer.from(text), frames), text);
  });

  await context.test("no record of class raw and no record of the stream local crosses, on either link", () => {
    for (const text of ['"class":"raw"', '"type":"pump.reading"', '"type":"pump.score"']) {
      assert.ok(!frames.some(({ frame, plain }) => frame.kind === "stream" && plain.includes(text)), text);
    }
  });

  await context.test("where all readings of a minute are equal, the mean tells the value, to its four digits and no more", () => {
    assert.ok(isIn(Buffer.from(String(Number(constantMarker.toPrecision(4)))), up));
    assert.ok(!isIn(Buffer.from(String(constantMarker)), up));
    assert.ok(!isIn(Buffer.from(constantMarker.toPrecision(6)), up));
  });
});
