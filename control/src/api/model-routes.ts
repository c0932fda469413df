/** The registry of models over HTTP. */
import { listRoute, numberKey } from "@holon/core/api/page.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { modelDocumentSchema, modelVersionSchema } from "@holon/core/schema/model.ts";
import { z } from "zod";
import type { Control } from "../control.ts";

const modelRowSchema = z.object({ version: modelVersionSchema, registeredAt: z.string(), document: modelDocumentSchema });

export function modelRoutes(control: Control): readonly Route[] {
  return [
    listRoute({ path: "/v1/models", summary: "Every version of every model, in the order of registration.", rows: "models", row: modelRowSchema, keyOf: (_, index) => numberKey(index), all: () => control.models() }),
    {
      method: "GET",
      path: "/v1/models/{version}",
      summary: "One version.",
      answer: modelRowSchema,
      handle({ params }) {
        const found = control.models().find(({ version }) => version === params["version"]);
        if (found === undefined) return Promise.reject(new HolonError("HOLON_MODEL_MISSING", `no version ${params["version"] ?? ""} of any model is registered`));
        return Promise.resolve({ status: 200, body: found });
      },
    },
    {
      method: "POST",
      path: "/v1/models",
      summary: "Registers a version: its blobs must be here already. The same again is the same version.",
      body: modelDocumentSchema,
      answer: modelRowSchema,
      async handle({ body, caller }) {
        return { status: 200, body: await control.registerModel(modelDocumentSchema.parse(body), caller) };
      },
    },
  ];
}
