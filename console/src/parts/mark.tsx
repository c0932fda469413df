import type { NodeState } from "../node-state.ts";
import { words } from "../strings.ts";

/** Shape and word, never colour alone. */
const shapes: Readonly<Record<NodeState, string>> = { present: "●", slow: "◐", silent: "✕", crashed: "▲", gone: "□", awaited: "◌", revoked: "⊘", down: "■", unknown: "?" };

export function Mark({ state, short = false }: { readonly state: NodeState; readonly short?: boolean }) {
  const { word, hint } = words.state[state];
  return (
    <span class={`mark ${state}`} title={hint}>
      <span aria-hidden="true">{shapes[state]}</span>
      <span class={short ? "for-readers" : ""}> {word}</span>
    </span>
  );
}
