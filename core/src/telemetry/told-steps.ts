/** Which steps of time each of many nodes has told all of: as runs of steps, of which a node that measures without a break has one. Pure. */
import { limits } from "../limits.ts";

export interface ToldSteps {
  has(node: string, step: number): boolean;
  add(node: string, step: number): void;
  /** Nothing is asked of what is before the first or behind the last. */
  forget(first: number, last: number): void;
}

type Run = readonly [first: number, last: number];

export function createToldSteps(): ToldSteps {
  /** In order, none beside another. */
  const runs = new Map<string, readonly Run[]>();

  return {
    has: (node, step) => runs.get(node)?.some(([first, last]) => first <= step && step <= last) === true,
    add(node, step) {
      const all = runs.get(node) ?? [];
      const beside = all.filter(([first, last]) => first - 1 <= step && step <= last + 1);
      const joined: Run = [Math.min(step, ...beside.map(([first]) => first)), Math.max(step, ...beside.map(([, last]) => last))];
      const others = all.filter((run) => !beside.includes(run));
      runs.set(node, bounded([...others, joined].sort(([one], [other]) => one - other)));
    },
    forget(from, to) {
      for (const [node, all] of runs) {
        const kept = all.filter(([first, last]) => last >= from && first <= to).map(([first, last]): Run => [Math.max(first, from), Math.min(last, to)]);
        if (kept.length === 0) runs.delete(node);
        else runs.set(node, kept);
      }
    },
  };
}

/** What is between the two oldest counts as told, too: it is counted for nobody again, so that never more have told than there are. */
function bounded(all: readonly Run[]): readonly Run[] {
  const [one, two, ...others] = all;
  return all.length <= limits.telemetryRunsMax || one === undefined || two === undefined ? all : [[one[0], two[1]], ...others];
}
