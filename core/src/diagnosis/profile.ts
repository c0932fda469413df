/** Where a profile of the inspector says that the time went. */
import { z } from "zod";

const profileSchema = z.looseObject({
  nodes: z.array(z.looseObject({ id: z.int(), callFrame: z.looseObject({ functionName: z.string(), url: z.string(), lineNumber: z.int() }) })),
  startTime: z.number(),
  endTime: z.number(),
  samples: z.array(z.int()).default([]),
  timeDeltas: z.array(z.number()).default([]),
});

export interface Hot {
  readonly function: string;
  readonly where: string;
  readonly selfMs: number;
  readonly share: number;
}

export function hottest(profile: unknown, count = 25): readonly Hot[] {
  const { nodes, samples, timeDeltas, startTime, endTime } = profileSchema.parse(profile);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map<string, number>();
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    if (frame === undefined) return;
    const key = JSON.stringify([frame.functionName === "" ? "(anonymous)" : frame.functionName, placeOf(frame)]);
    micros.set(key, (micros.get(key) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const whole = Math.max(1, endTime - startTime);
  const named = z.tuple([z.string(), z.string()]);
  return [...micros]
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([key, spent]) => {
      const [name, where] = named.parse(JSON.parse(key));
      return { function: name, where, selfMs: Math.round(spent / 10) / 100, share: Math.round((1_000 * spent) / whole) / 1_000 };
    });
}

/** From the workspace on: where a machine keeps its programs is its own matter. */
const placeOf = ({ url, lineNumber }: { readonly url: string; readonly lineNumber: number }): string => (url === "" ? "" : `${url.replace(/^file:\/\/.*?\/((?:core|node|control|platform|cli|sdk|node_modules)\/)/, "$1")}:${lineNumber + 1}`);
