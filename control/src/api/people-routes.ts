/** Logging in, users, API tokens and approvals over HTTP. */
import { machineCaller, seesAllTokens } from "@holon/core/api/caller.ts";
import { listRoute } from "@holon/core/api/page.ts";
import type { Route } from "@holon/core/api/route.ts";
import { signedBySchema } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import { redirectSchema } from "@holon/core/schema/provider.ts";
import { z } from "zod";
import type { People } from "../people/people.ts";
import type { FleetHost } from "../fleet/link-watch.ts";
import type { OpenApproval } from "../people/approvals.ts";
import { refuseMistaken } from "../people/mistaken.ts";
import { roleSchema } from "../store/people.ts";

/** Whether it is long enough is said where it is set. */
const passwordSchema = z.string().min(1).max(limits.passwordCharactersMax);
const loginSchema = z.strictObject({ name: nameSchema, password: passwordSchema });
const changeSchema = z.strictObject({ old: passwordSchema, password: passwordSchema });
const userSchema = z.strictObject({ name: nameSchema, role: roleSchema, password: passwordSchema });
const setRoleSchema = z.strictObject({ role: roleSchema });
const setPasswordSchema = z.strictObject({ password: passwordSchema });
const routePattern = z.string().regex(/^(?:GET|POST|PUT|DELETE)\/[^\s*]*\*?$|^\*$/, "a route as policies name it: GET/v1/nodes, or a beginning and *");
const tokenSchema = z.strictObject({ name: nameSchema, role: roleSchema, routes: z.array(routePattern).min(1).max(limits.tokenRoutesMax).optional(), forMs: z.int().min(1_000).max(limits.apiTokenMsMax) });
const rejectSchema = z.strictObject({ because: z.string().min(1).max(1_024) });

const loggedInSchema = z.object({ token: z.string(), name: z.string(), role: roleSchema, endsAt: z.string() });
const approvalSchema = z.object({ id: z.string(), who: z.string(), resource: z.string(), params: z.record(z.string(), z.string()), query: z.record(z.string(), z.string()), body: z.unknown().optional(), rule: z.string(), reason: z.string(), askedAt: z.string(), endsAt: z.string(), approvedBy: z.string().nullable() });
const ways = z.object({ accounts: z.boolean(), provider: z.string().nullable() });
const beginSchema = z.strictObject({ redirect: redirectSchema });
const secretSchema = z.string().min(1).max(256);
const answerSchema = z.strictObject({ handle: secretSchema, state: secretSchema, code: z.string().min(1).max(4_096), iss: z.string().max(1_024).optional() });
const doneSchema = z.object({ ok: z.literal(true) });
const done = { status: 200, body: { ok: true } };
const named = (text: string | undefined): string => {
  const parsed = nameSchema.safeParse(text);
  if (!parsed.success) throw new HolonError("HOLON_ARGUMENT_BAD", `${text ?? ""} is no name: lower-case letters, digits, hyphens`);
  return parsed.data;
};
const nowhere = "unknown";
const shownApproval = ({ id, who, resource, params, query, body, rule, reason, askedAt, endsMs, by }: OpenApproval) => ({ id, who, resource, params, query, ...(body === undefined ? {} : { body }), rule, reason, askedAt, endsAt: isoTime(endsMs), approvedBy: by ?? null });

/** `call`: asks a node, where control can. */
export const peopleRoutes = (people: People, call?: FleetHost["call"]): readonly Route[] => [...sessionRoutes(people), ...providerRoutes(people), ...userRoutes(people), ...tokenRoutes(people), ...approvalRoutes(people, call)];

const sessionRoutes = (people: People): readonly Route[] => [
  {
    method: "POST",
    path: "/v1/login",
    summary: "A token for a session, for a name and its password.",
    open: true,
    body: loginSchema,
    secretFields: ["password"],
    answer: loggedInSchema,
    async handle({ body, address = nowhere }) {
      const { name, password } = loginSchema.parse(body);
      return { status: 200, body: await people.login(name, password, address) };
    },
  },
  {
    method: "GET",
    path: "/v1/session",
    summary: "Who calls, and in which role.",
    answer: z.object({ principal: z.string(), role: z.string(), routes: z.array(z.string()).nullable() }),
    handle: ({ caller = machineCaller }) => Promise.resolve({ status: 200, body: { principal: printPrincipal(caller.principal), role: caller.role, routes: caller.routes ?? null } }),
  },
  {
    method: "DELETE",
    path: "/v1/session",
    summary: "Ends the session.",
    answer: doneSchema,
    async handle({ caller = machineCaller }) {
      await people.logout(caller);
      return done;
    },
  },
  {
    method: "PUT",
    path: "/v1/session/password",
    summary: "Sets one's own password; one's other sessions end.",
    body: changeSchema,
    secretFields: ["old", "password"],
    answer: doneSchema,
    async handle({ body, caller = machineCaller, address = nowhere }) {
      const { old, password } = changeSchema.parse(body);
      await people.changePassword(caller, old, password, address);
      return done;
    },
  },
];

const providerRoutes = (people: People): readonly Route[] => [
  {
    method: "GET",
    path: "/v1/login",
    summary: "By what one can log in here: accounts, and the identity provider by its name.",
    open: true,
    answer: ways,
    handle: () => Promise.resolve({ status: 200, body: { accounts: people.users().length > 0, provider: people.providerName() ?? null } }),
  },
  {
    method: "POST",
    path: "/v1/login/provider",
    summary: "Begins a login with the identity provider: where a browser is to go, and a handle with which whoever began finishes.",
    open: true,
    body: beginSchema,
    answer: z.object({ url: z.string(), handle: z.string(), endsAt: z.string() }),
    handle: async ({ body, address = nowhere }) => ({ status: 200, body: await people.beginProvided(beginSchema.parse(body).redirect, address) }),
  },
  {
    method: "POST",
    path: "/v1/login/provider/answer",
    summary: "A token for a session, for the code and the state with which the browser came back.",
    open: true,
    body: answerSchema,
    secretFields: ["handle", "code"],
    answer: loggedInSchema,
    handle: async ({ body, address = nowhere }) => ({ status: 200, body: await people.finishProvided(answerSchema.parse(body), address) }),
  },
];

const userRoutes = (people: People): readonly Route[] => [
  listRoute({ path: "/v1/users", summary: "Users and their roles.", rows: "users", row: z.object({ name: z.string(), role: roleSchema, addedAt: z.string() }), keyOf: ({ name }) => name, all: () => people.users() }),
  {
    method: "POST",
    path: "/v1/users",
    summary: "Adds a user.",
    body: userSchema,
    secretFields: ["password"],
    answer: doneSchema,
    async handle({ body, caller = machineCaller }) {
      await people.addUser(userSchema.parse(body), caller);
      return done;
    },
  },
  {
    method: "DELETE",
    path: "/v1/users/{user}",
    summary: "Removes a user, with their sessions and tokens.",
    answer: doneSchema,
    async handle({ params, caller = machineCaller }) {
      await people.removeUser(named(params["user"]), caller);
      return done;
    },
  },
  {
    method: "PUT",
    path: "/v1/users/{user}/role",
    summary: "Gives a user another role.",
    body: setRoleSchema,
    answer: doneSchema,
    async handle({ params, body, caller = machineCaller }) {
      await people.setRole(named(params["user"]), setRoleSchema.parse(body).role, caller);
      return done;
    },
  },
  {
    method: "PUT",
    path: "/v1/users/{user}/password",
    summary: "Sets a user's password; their sessions end.",
    body: setPasswordSchema,
    secretFields: ["password"],
    answer: doneSchema,
    async handle({ params, body, caller = machineCaller }) {
      await people.setPassword(named(params["user"]), setPasswordSchema.parse(body).password, caller);
      return done;
    },
  },
];

const tokenRoutes = (people: People): readonly Route[] => [
  listRoute({
    path: "/v1/tokens",
    summary: "API tokens, as far as they may be seen again.",
    rows: "tokens",
    row: z.object({ name: z.string(), role: roleSchema, routes: z.array(z.string()).nullable(), by: z.string(), endsAt: z.string() }),
    keyOf: ({ name }) => name,
    all: ({ caller = machineCaller }) => people.tokens().filter(({ by }) => seesAllTokens(caller) || by === printPrincipal(caller.principal)).map(({ name, role, routes, by, endsMs }) => ({ name, role, routes: routes ?? null, by, endsAt: isoTime(endsMs) })),
  }),
  {
    method: "POST",
    path: "/v1/tokens",
    summary: "Makes an API token, which is shown this once.",
    answeredOnce: true,
    body: tokenSchema,
    answer: z.object({ token: z.string(), endsAt: z.string() }),
    handle: async ({ body, caller = machineCaller }) => ({ status: 200, body: await people.addToken(tokenSchema.parse(body), caller) }),
  },
  {
    method: "DELETE",
    path: "/v1/tokens/{token}",
    summary: "Revokes an API token, by its name.",
    answer: doneSchema,
    async handle({ params, caller = machineCaller }) {
      await people.revokeToken(named(params["token"]), caller);
      return done;
    },
  },
];

const approvalRoutes = (people: People, call: FleetHost["call"] | undefined): readonly Route[] => [
  {
    method: "GET",
    path: "/v1/approvals",
    summary: "Calls that wait for another person, and those that were approved and not made yet.",
    answer: z.object({ approvals: z.array(approvalSchema) }),
    handle: () => Promise.resolve({ status: 200, body: { approvals: people.approvals().map(shownApproval) } }),
  },
  {
    method: "POST",
    path: "/v1/approvals/{approval}/approve",
    summary: "Approves a call of another person.",
    answer: doneSchema,
    async handle({ params, caller = machineCaller }) {
      await people.approve(params["approval"] ?? "", caller);
      return done;
    },
  },
  {
    method: "POST",
    path: "/v1/approvals/{approval}/sign",
    summary: "Approves a call of another person, and signs what it asks of a node: the node believes the signature, not this API.",
    body: signedBySchema,
    answer: doneSchema,
    async handle({ params, body, caller = machineCaller }) {
      const [id = "", signed] = [params["approval"], signedBySchema.parse(body)];
      await refuseMistaken(people.approvable(id, caller, signed), signed, call);
      await people.approve(id, caller, signed);
      return done;
    },
  },
  {
    method: "POST",
    path: "/v1/approvals/{approval}/reject",
    summary: "Rejects a call that waits.",
    body: rejectSchema,
    answer: doneSchema,
    async handle({ params, body, caller = machineCaller }) {
      await people.reject(params["approval"] ?? "", rejectSchema.parse(body).because, caller);
      return done;
    },
  },
];
