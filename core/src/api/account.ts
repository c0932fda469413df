/**
 * What every answer about the fleet says of itself: as of when it is true, and of how many nodes how much is known. Put around a whole table of routes, so that none is forgotten; an answer
 * that says so itself stays as it is.
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import { completenessSchema, type Completeness } from "../telemetry/completeness.ts";
import { JsonText } from "./json-text.ts";
import type { Route, RouteAnswer } from "./route.ts";

export interface Account {
  readonly asOf: string;
  /** Undefined where nothing is measured. */
  readonly completeness: Completeness | undefined;
}

/** Answers about one node or many whose truth depends on who was heard. */
export const aboutTheFleet: ReadonlySet<string> = new Set([
  "/v1/nodes", "/v1/nodes/{node}", "/v1/sites", "/v1/sites/{site}", "/v1/apps", "/v1/apps/{app}", "/v1/events", "/v1/models", "/v1/models/{version}", "/v1/plan", "/v1/plan/explain", "/v1/meter", "/v1/status", "/v1/continuum", "/v1/functions", "/v1/functions/failed", "/v1/watch",
]);

const accountSchema = { asOf: z.iso.datetime(), completeness: completenessSchema.optional() };
/** Of an answer that is a list and no object, as JSON. */
export const accountHeader = "Holon-Known";

export function withAccount(routes: readonly Route[], account: () => Account): readonly Route[] {
  return routes.map((route) => {
    if (route.method !== "GET" || !(aboutTheFleet.has(route.path) || listPaths.has(route.path))) return route;
    return {
      ...route,
      answer: route.answer instanceof z.ZodObject ? route.answer.extend(accountSchema) : route.answer,
      async handle(request) {
        const answer = await route.handle(request);
        return accounted(answer, shortened(account()));
      },
    } satisfies Route;
  });
}

/** Their answers are lists, as they were from the beginning: what is known stands in a header. */
const listPaths: ReadonlySet<string> = new Set(["/v1/plan/moves", "/v1/plan/runs"]);

/** Who is missing is named in `/v1/fleet`; here the first of them will do. */
function shortened({ asOf, completeness }: Account): Account {
  return { asOf, completeness: completeness && { ...completeness, missing: completeness.missing.slice(0, limits.accountMissingMax) } };
}

function accounted(answer: RouteAnswer, known: Account): RouteAnswer {
  const { body } = answer;
  if (answer.status >= 300) return answer;
  if (Array.isArray(body)) return { ...answer, headers: { ...answer.headers, [accountHeader]: JSON.stringify(headerOf(known)) } };
  if (body instanceof JsonText) return known.completeness === undefined ? answer : { ...answer, body: new JsonText(`{"completeness":${JSON.stringify(known.completeness)},${body.text.slice(1)}`) };
  return typeof body === "object" && body !== null ? { ...answer, body: { ...known, ...body } } : answer;
}

/** Names of nodes and sites are letters that a header takes; it is short all the same. */
const headerOf = ({ asOf, completeness }: Account) => ({ asOf, ...(completeness === undefined ? {} : { nodes: completeness.nodes, reported: completeness.reported, excused: completeness.excused, unknown: completeness.unknown, through: completeness.through }) });
