/** What nodes told of themselves, with its times as they were by the clock here. Of a node whose clock is right it is what it told, and the same object: who compares sees no news. */
import { driftKinds } from "@holon/core/schema/condition.ts";
import type { ControlState, KnownNode } from "../store/fold.ts";
import type { TimesHere } from "./times-here.ts";

export interface NodesHere {
  node(node: KnownNode): KnownNode;
  condition(node: string): ReturnType<ControlState["conditions"]["get"]>;
}

export function createNodesHere({ conditions, toldIn }: Pick<ControlState, "conditions" | "toldIn">, times: TimesHere): NodesHere {
  /** As it was made last, and of which offsets. */
  const made = new WeakMap<KnownNode, { readonly by: string; readonly node: KnownNode }>();

  return {
    node(node) {
      const { name, startedAt, reported, inventory } = node;
      const runs = toldIn.get(name);
      const offs = [runs?.started, runs?.reported, runs?.inventory].map((epoch) => times.offMs(name, epoch));
      if (offs.every((offMs) => offMs === 0)) return node;
      const by = offs.join();
      const before = made.get(node);
      if (before?.by === by) return before.node;
      const anew: KnownNode = { ...node, startedAt: times.text(name, startedAt, runs?.started), reported: reported && { ...reported, at: times.text(name, reported.at, runs?.reported) }, inventory: inventory && times.report(name, inventory, runs?.inventory) };
      made.set(node, { by, node: anew });
      return anew;
    },
    condition(node) {
      const [condition, runs] = [conditions.get(node), toldIn.get(node)];
      if (condition === undefined) return undefined;
      const { now, since } = condition;
      return {
        now: now.held === undefined ? now : { ...now, held: { ...now.held, since: times.text(node, now.held.since, runs?.held) } },
        since: Object.fromEntries(driftKinds.flatMap((kind) => (since[kind] === undefined ? [] : [[kind, times.text(node, since[kind], runs?.since?.[kind])] as const]))),
      };
    },
  };
}
