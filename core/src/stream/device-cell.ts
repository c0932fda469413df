/** A device's counters as they stand in a cell: JSON, what was heard as runs of counters with their digests. */
import { z } from "zod";
import type { DeviceState, Life } from "./deduplicate.ts";

const lifeSchema = z.strictObject({
  session: z.string(),
  number: z.int(),
  lowest: z.int(),
  highest: z.int(),
  /** Each run: its first counter, its length, and the digests in base 36 unless all are 1. */
  heard: z.array(z.union([z.tuple([z.int(), z.int()]), z.tuple([z.int(), z.int(), z.string()])])),
});
const deviceSchema = z.strictObject({ begun: z.int(), lives: z.array(lifeSchema) });

export const printDevice = ({ begun, lives }: DeviceState, remember: number): string =>
  JSON.stringify({ begun, lives: lives.map((life) => ({ session: life.session, number: life.number, lowest: life.lowest, highest: life.highest, heard: runsOf(life, remember) })) });

export function parseDevice(json: unknown): DeviceState {
  const { begun, lives } = deviceSchema.parse(json);
  return { begun, lives: lives.map(({ heard, ...life }): Life => ({ ...life, heard: new Map(heard.flatMap(([first, count, digests]) => heardOf(first, count, digests))) })) };
}

export const copyDevice = ({ begun, lives }: DeviceState): DeviceState => ({ begun, lives: lives.map((life) => ({ ...life, heard: new Map(life.heard) })) });

function runsOf({ heard, lowest, highest }: Life, remember: number): unknown[] {
  const runs: { readonly first: number; readonly digests: number[] }[] = [];
  for (let counter = Math.max(lowest, highest - remember + 1); counter <= highest; counter++) {
    const digest = heard.get(counter);
    if (digest === undefined) continue;
    const run = runs.at(-1);
    if (run !== undefined && run.first + run.digests.length === counter) run.digests.push(digest);
    else runs.push({ first: counter, digests: [digest] });
  }
  return runs.map(({ first, digests }) => (digests.every((digest) => digest === 1) ? [first, digests.length] : [first, digests.length, digests.map((digest) => digest.toString(36)).join(",")]));
}

function heardOf(first: number, count: number, digests: string | undefined): [number, number][] {
  const parts = digests?.split(",");
  return Array.from({ length: count }, (_, index) => [first + index, parts === undefined ? 1 : Number.parseInt(parts[index] ?? "1", 36)]);
}
