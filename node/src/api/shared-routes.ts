/** What this node has merged of the state that an app shares. Readings have no place in it, and what is personal stays on the node that wrote it. */
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { dataClassSchema } from "@holon/core/schema/event.ts";
import { sharedKinds } from "@holon/core/schema/shared.ts";
import { counterValue } from "@holon/core/shared/counter.ts";
import type { SharedState } from "@holon/core/shared/state.ts";
import { z } from "zod";
import type { HolonNode } from "../node.ts";

export const sharedAnswerSchema = z.object({
  app: z.string(),
  node: z.string(),
  /** `value`: of a register what was written, of a counter what it counts, of a set a list. */
  shared: z.array(z.object({ name: z.string(), key: z.string(), kind: z.enum(sharedKinds), class: dataClassSchema, value: z.unknown() })),
  /** Others with whom this node exchanges: when it last did, and what is wrong. */
  exchanges: z.array(z.object({ with: z.string(), agoMs: z.number().nullable(), problem: z.object({ code: z.string(), message: z.string() }).nullable() })),
});

export const sharedRoutes = (node: Pick<HolonNode, "config" | "shared" | "status">): readonly Route[] => [
  {
    method: "GET",
    path: "/v1/apps/{app}/shared",
    summary: "What sites share of an app, as far as this node has merged it.",
    answer: sharedAnswerSchema,
    handle({ params }) {
      const app = nameSchema.safeParse(params["app"]);
      if (!app.success) throw new HolonError("HOLON_ARGUMENT_BAD", `${params["app"] ?? ""} is no name of an app`);
      const shared = [...node.shared.entries(app.data)]
        .sort((one, other) => (one.id < other.id ? -1 : 1))
        .map(({ key, class: dataClass, state }) => ({ name: key.name, key: key.key, kind: key.kind, class: dataClass, value: valueOf(state) }));
      const exchanges = (node.status().shared?.exchanges ?? []).map(({ with: other, agoMs, problem }) => ({ with: other, agoMs: agoMs ?? null, problem: problem ?? null }));
      return Promise.resolve({ status: 200, body: { app: app.data, node: node.config.name, shared, exchanges } });
    },
  },
];

function valueOf(state: SharedState): unknown {
  if (state.kind === "register") return JSON.parse(state.text);
  if (state.kind === "counter") return counterValue(state);
  return [...state.elements.keys()].sort().map((text): unknown => JSON.parse(text));
}
