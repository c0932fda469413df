/**
 * A function that has taken over the inside of its sandbox: what comes out of it, result or failure, is all its own making. Each lie puts words and a name of what it
 * was handed into a place where a sandbox that is whole would have put the node's words.
 */
import { errorTable } from "@holon/core/errors.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { SeededRandom } from "../random.ts";
import type { ForgedReply } from "../runner.ts";

export const lyingCode = `export default { kind: "holon.function", on: { type: "door.lied" }, emits: {}, models: ["fits"], run() {} };
`;

/** What a reading for it holds: how it lies, as which failure, and what nobody else may hear of. */
export interface Lie {
  readonly how: (typeof lies)[number];
  readonly code: string;
  readonly text: string;
  /** As a name of this system may be. */
  readonly name: string;
}

export const lies = ["failure", "result", "misfit", "fit", "call", "none", "output", "tensor", "shared"] as const;
/** Behind these a function stands still, for whoever is to mend it. */
const standing: readonly Lie["how"][] = ["failure", "output", "tensor", "shared"];
const passing: readonly Lie["how"][] = ["failure", "result", "misfit", "fit", "call", "none"];
const codes = [...Object.keys(errorTable), "no-code"];
const standingCodes = ["HOLON_UNIT_BAD", "HOLON_SHARED_BAD", "HOLON_SHARED_FULL", "HOLON_STATE_TOO_LARGE"];

/** In one phase of four it lies so that it stands still: then it is a function of its own, that no other lie waits behind. A new one reads all that its node has. */
const standsIn = (phase: number): boolean => phase % 4 === 3;
export const liarIn = (phase: number): string => (standsIn(phase) ? `liar-${phase}` : "liar");
/** Of the readings that it is handed. */
export const lieType = (phase: number): string => `door.${standsIn(phase) ? `lied-${phase}` : "lied"}`;
export const drawLie = (phase: number, random: SeededRandom): Pick<Lie, "how" | "code"> => ({ how: oneOf(standsIn(phase) ? standing : passing, random), code: oneOf(standsIn(phase) ? standingCodes : codes, random) });

function oneOf<T>(list: readonly T[], random: SeededRandom): T {
  const one = list[random.integer(0, list.length - 1)];
  if (one === undefined) throw new Error("there is one at each place of a list");
  return one;
}

export function liedReply(events: readonly UnitEvent[]): ForgedReply {
  const [first] = events;
  if (first === undefined) throw new Error("a function is handed at least one event");
  const { lie } = first.data as { readonly lie: Lie };
  const { text, name } = lie;
  const empty = { outputs: [], state: [], inferenceMs: [] };
  const result = (more: object, fitted: unknown = []): ForgedReply => ({ text: JSON.stringify({ ...empty, ...more }), fitted });
  const one = { shape: [1], values: Float32Array.of(1) };
  switch (lie.how) {
    case "failure":
      return { failed: { code: lie.code, message: `function doors/${name}: ${text}`, next: text, said: text } };
    case "result":
      return { text, fitted: [] };
    case "output":
      return result({ outputs: [{ type: name, subject: text, timeMs: 0, data: text, cause: 0 }] });
    case "misfit":
      return result({ inferences: { [name]: text } });
    case "fit":
      return result({}, [{ model: "fits", subject: text, parameters: { gain: one }, note: text }]);
    case "tensor":
      return result({}, [{ model: "fits", subject: text, parameters: { [name]: one }, note: text }, { model: name, subject: text, parameters: {}, note: text }]);
    case "call":
      return result({ inferenceMs: [1], inferences: { [name]: 1 }, calls: [{ model: name, cause: 0, atMs: 0, tookMs: 1, by: name }], status: text, state: [{ key: name, value: JSON.stringify(text) }] });
    case "shared":
      return result({ shared: [{ op: "include", name, key: name, text }] });
    case "none":
      return result({ [name]: text }, text);
  }
}
