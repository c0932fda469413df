/**
 * What every answer about the fleet says of itself: as of when it is true, and of how many nodes how much is known. Put around a whole table of routes, so that none is forgotten; an answer
 * that says so itself stays as it is.
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import { completenessSchema, type Completeness } from "../telemetry/completeness.ts";
import { HolonError } from "../errors.ts";
import { JsonText } from "./json-text.ts";
import type { Route, RouteAnswer } from "./route.ts";

export interface Account {
  readonly asOf: string;
  /** Undefined where nothing is measured. */
  readonly completeness: Completeness | undefined;
}

/** Answers about one node or many whose truth depends on who was heard. */
export const aboutTheFleet: ReadonlySet<string> = new Set([
  "/v1/nodes", "/v1/nodes/{node}", "/v1/sites", "/v1/sites/{site}", "/v1/apps", "/v1/apps/{app}", "/v1/apps/{app}/shared", "/v1/events", "/v1/models", "/v1/models/{version}", "/v1/plan", "/v1/plan/explain", "/v1/meter", "/v1/status", "/v1/continuum", "/v1/functions", "/v1/functions/failed", "/v1/watch",
]);

/** Answers that one node gave at this moment: they say how it stands itself, and so do those that say that it gave none. */
const aboutOneNode: ReadonlySet<string> = new Set(["/v1/nodes/{node}/status", "/v1/nodes/{node}/events", "/v1/nodes/{node}/logs", "/v1/nodes/{node}/commands"]);

const accountSchema = { asOf: z.iso.datetime(), completeness: completenessSchema.optional() };
/** Of an answer that is a list and no object, as JSON. */
export const accountHeader = "Holon-Known";

/** `account`: of all, or of one node. */
export function withAccount(routes: readonly Route[], account: (node?: string) => Account): readonly Route[] {
  return routes.map((route) => {
    const isOfOne = aboutOneNode.has(route.path);
    if (route.method !== "GET" || !(isOfOne || aboutTheFleet.has(route.path) || listPaths.has(route.path))) return route;
    return {
      ...route,
      answer: route.answer instanceof z.ZodObject ? route.answer.extend(accountSchema) : route.answer,
      async handle(request) {
        const known = (): Account => shortened(account(isOfOne ? request.params["node"] : undefined));
        const answer = await route.handle(request).catch((error: unknown) => {
          throw isOfOne ? withKnown(error, known) : error;
        });
        return accounted(answer, known());
      },
    } satisfies Route;
  });
}

/** That a node gives no answer is an answer too: it ends where that node was heard last. */
function withKnown(error: unknown, known: () => Account): unknown {
  if (!(error instanceof HolonError) || error.code !== "HOLON_DIAGNOSIS_AWAY" || error.known !== undefined) return error;
  const { code, message, next, retryAfterMs } = error;
  return new HolonError(code, message, { cause: error, next, known: known(), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
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
