/** One after the other: what one writes the next one reads. A work that fails is its caller's to hear of; the next one begins all the same. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue without an end of its own: whoever calls bounds what waits. */
export function createTurns(): InTurn {
  let busy: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = busy.then(work);
    busy = result.catch(() => undefined);
    return result;
  };
}
