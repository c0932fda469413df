/** A shared state as a function is handed it. */
import type { SharedView } from "../ports.ts";
import { counterValue } from "./counter.ts";
import type { SharedState } from "./state.ts";

export function sharedValue(state: SharedState): SharedView["changed"][number][2] {
  if (state.kind === "register") return state.text;
  if (state.kind === "counter") return counterValue(state);
  return [...state.elements].map(([text, dots]) => [text, [...dots]] as const);
}
