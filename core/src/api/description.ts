/** What every API tells of itself. */
import { z } from "zod";
import { errorTable, HolonError, isErrorCode } from "../errors.ts";
import { openApiDocument, type ApiInfo } from "./openapi.ts";
import type { Route } from "./route.ts";

const errorSchema = z.object({ code: z.string(), means: z.string(), next: z.string(), retriable: z.boolean() });

/** The routes, their description, which holds itself, and what each code of an error means. */
export function describedRoutes(routes: readonly Route[], info: ApiInfo): readonly Route[] {
  const about: readonly Route[] = [
    {
      method: "GET",
      path: "/v1/openapi.json",
      summary: "This API's description, in OpenAPI 3.1.",
      open: true,
      answer: z.looseObject({ openapi: z.string() }),
      handle: () => Promise.resolve({ status: 200, body: description }),
    },
    {
      method: "GET",
      path: "/v1/errors/{code}",
      summary: "What a code of an error means.",
      open: true,
      answer: errorSchema,
      handle({ params }) {
        const { code } = params;
        if (!isErrorCode(code)) return Promise.reject(new HolonError("HOLON_ARGUMENT_BAD", `${code ?? ""} is no code of an error`, { next: "docs/reference/errors.md lists them." }));
        return Promise.resolve({ status: 200, body: { code, ...errorTable[code] } });
      },
    },
  ];
  const all = [...routes, ...about];
  const description = openApiDocument(all, info);
  /** Where it was before paths had versions. */
  const before: Route = { method: "GET", path: "/openapi.json", summary: "The same as /v1/openapi.json.", open: true, answer: z.looseObject({ openapi: z.string() }), handle: () => Promise.resolve({ status: 200, body: description }) };
  return [...all, before];
}
