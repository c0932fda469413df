/**
 * A set in which an addition wins over a removal that did not see it.
 *
 * After Bieniusa et al., "An optimized conflict-free replicated set" (2012): each addition is a dot (slot, number); the context says which
 * dots were seen, so an element that is gone leaves nothing behind but the context's one number per slot.
 */
export interface SetState {
  readonly kind: "set";
  /** By slot, the highest number seen: all below it were seen too. */
  readonly context: Dots;
  /** By canonical JSON of the element, the additions that nobody has removed: of each slot one at most, never none. */
  readonly elements: ReadonlyMap<string, Dots>;
}

export type Dots = ReadonlyMap<string, number>;

export const emptySet: SetState = { kind: "set", context: new Map(), elements: new Map() };

export function mergeSets(one: SetState, other: SetState): SetState {
  const context = new Map(one.context);
  for (const [slot, number] of other.context) context.set(slot, Math.max(context.get(slot) ?? 0, number));
  const elements = new Map<string, Dots>();
  for (const text of new Set([...one.elements.keys(), ...other.elements.keys()])) {
    const dots = new Map<string, number>();
    const [mine, theirs] = [one.elements.get(text) ?? none, other.elements.get(text) ?? none];
    for (const [slot, number] of mine) if (theirs.get(slot) === number || number > (other.context.get(slot) ?? 0)) dots.set(slot, number);
    for (const [slot, number] of theirs) if (number > (one.context.get(slot) ?? 0)) dots.set(slot, number);
    if (dots.size > 0) elements.set(text, dots);
  }
  return { kind: "set", context, elements };
}

/** The new dot stands for those that were seen. */
export function addToSet({ context, elements }: SetState, text: string, slot: string): SetState {
  const number = (context.get(slot) ?? 0) + 1;
  return { kind: "set", context: new Map(context).set(slot, number), elements: new Map(elements).set(text, new Map([[slot, number]])) };
}

/** Takes away the additions that were seen, and no others. */
export function removeFromSet(state: SetState, text: string, seen: Dots): SetState {
  const left = [...(state.elements.get(text) ?? none)].filter(([slot, number]) => number > (seen.get(slot) ?? 0));
  const elements = new Map(state.elements);
  if (left.length > 0) elements.set(text, new Map(left));
  else elements.delete(text);
  return { kind: "set", context: state.context, elements };
}

const none: Dots = new Map();
