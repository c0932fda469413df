/** Users, API tokens and calls that wait for approval, as control's own trail tells of them. Passwords, and what exactly is asked for, stand elsewhere: in cells, which nobody can read as events. */
import { openOfPeople, sealedOfPeople } from "@holon/core/event/of-people.ts";
import { limits } from "@holon/core/limits.ts";
import { roles, type Role } from "@holon/core/policy/roles.ts";
import { nameSchema } from "@holon/core/schema/name.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { z } from "zod";

export const peopleEvents = {
  added: "holon.user.added",
  removed: "holon.user.removed",
  role: "holon.user.role",
  password: "holon.user.password",
  tokenAdded: "holon.token.added",
  tokenRevoked: "holon.token.revoked",
  tokenRefused: "holon.token.refused",
  began: "holon.session.began",
  ended: "holon.session.ended",
  sessionRefused: "holon.session.refused",
  locked: "holon.login.locked",
  loginRefused: "holon.login.refused",
  asked: "holon.approval.asked",
  approved: "holon.approval.approved",
  rejected: "holon.approval.rejected",
  used: "holon.approval.used",
  returned: "holon.approval.returned",
  refused: "holon.api.refused",
} as const;

/** The subject of an event, and its data. */
export interface Said {
  readonly subject?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What was concealed of an event of that type; undefined where it was not here. */
export type Reveal = (type: string, sealed: string) => Said | undefined;

export interface KnownUser {
  readonly name: string;
  readonly role: Role;
  readonly addedAt: string;
}

export const roleSchema = z.enum(roles);
const by = z.string();
const userData = z.strictObject({ name: nameSchema, role: roleSchema, by });
const namedData = z.looseObject({ name: nameSchema, by });
const tokenData = z.strictObject({
  name: nameSchema,
  hash: z.string(),
  role: roleSchema,
  routes: z.array(z.string()).max(limits.tokenRoutesMax).optional(),
  endsMs: z.number(),
  /** When it was made, by the time that its end was counted from; of before, when that was recorded. */
  madeMs: z.number().optional(),
  /** The person whose calls its calls are; none where the machine's token made it. */
  madeBy: nameSchema.optional(),
  by,
});
export interface KnownToken extends z.infer<typeof tokenData> {
  readonly madeMs: number;
}

const askedData = z.strictObject({
  id: z.string(),
  who: z.string(),
  /** The person behind it: who called, or who made the token that did. */
  person: z.string(),
  resource: z.string(),
  /** Of all that was asked for and by whom, under control's own key. */
  hash: z.string().optional(),
  /** Of before there was a key: the same without one, and what was asked for beside it. */
  digest: z.string().optional(),
  params: z.record(z.string(), z.string()).optional(),
  query: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  rule: z.string(),
  reason: z.string(),
  endsMs: z.number(),
});
export type AskedApproval = z.infer<typeof askedData>;
/** Of a login with the identity provider `name` is nobody's here. */
const beganData = z.looseObject({ name: z.string(), address: z.string() });
const idData = z.looseObject({ id: z.string() });
/** `signature`: what the approver signed besides, for whoever asks for more than control's word. */
const approvedData = z.looseObject({ id: z.string(), by, role: roleSchema.optional(), endsMs: z.number(), signature: z.unknown().optional() });

/** All of it: what was used is known no more. */
const returnedData = z.looseObject({ ...askedData.shape, by, role: roleSchema.optional(), signature: z.unknown().optional(), askedAt: z.string() });

export interface KnownApproval extends AskedApproval {
  readonly askedAt: string;
  /** Who approved it. */
  readonly by: string | undefined;
  /** That they had then; not of approvals of before it was told. */
  readonly role?: Role | undefined;
  readonly signature?: unknown;
}

export interface PeopleState {
  readonly users: Map<string, KnownUser>;
  readonly tokens: Map<string, KnownToken>;
  /** By hash, the names of the last tokens that were revoked, or went with who made them. */
  readonly revoked: Map<string, string>;
  /** By user, the last addresses that it logged in from with its password. */
  readonly familiar: Map<string, readonly string[]>;
  /** Those that wait, and those that are approved and not used yet. */
  readonly approvals: Map<string, KnownApproval>;
}

export const noPeople = (): PeopleState => ({ users: new Map(), tokens: new Map(), revoked: new Map(), familiar: new Map(), approvals: new Map() });

/** Takes in one event of control's own trail; `unfit` where it is not what it says it is, or what it conceals was not concealed here; undefined where it is about something else. */
export function applyPeople(state: PeopleState, event: StoredEvent, reveal: Reveal): "done" | "unfit" | undefined {
  const apply = appliers[event.type];
  if (apply === undefined) return undefined;
  const said = saidIn(event, reveal);
  return said !== undefined && apply(state, { ...event, data: { ...openOfPeople(event), ...said.data } }) ? "done" : "unfit";
}

const looseData = z.record(z.string(), z.unknown());

/** What such an event says, concealed or as it was written before. */
export function saidIn({ type, subject, data }: Pick<StoredEvent, "type" | "subject" | "data">, reveal: Reveal): Said | undefined {
  const sealed = sealedOfPeople(data);
  if (sealed !== undefined) return reveal(type, sealed);
  const parsed = looseData.safeParse(data);
  return parsed.success ? { subject, data: parsed.data } : undefined;
}

type Apply = (state: PeopleState, event: StoredEvent) => boolean;

const about =
  <T>(schema: z.ZodType<T>, take: (state: PeopleState, data: T, event: StoredEvent) => unknown): Apply =>
  (state, event) => {
    const { success, data } = schema.safeParse(event.data);
    if (success) take(state, data, event);
    return success;
  };

const appliers: Readonly<Record<string, Apply | undefined>> = {
  [peopleEvents.added]: about(userData, ({ users }, { name, role }, { time }) => users.set(name, { name, role, addedAt: time })),
  [peopleEvents.role]: about(userData, ({ users }, { name, role }) => {
    const user = users.get(name);
    if (user !== undefined) users.set(name, { ...user, role });
  }),
  [peopleEvents.began]: about(beganData, ({ users, familiar }, { name, address }) => {
    if (users.has(name)) familiar.set(name, [address, ...(familiar.get(name) ?? []).filter((one) => one !== address)].slice(0, limits.loginAddressesKept));
  }),
  [peopleEvents.removed]: about(namedData, removeUser),
  [peopleEvents.tokenAdded]: about(tokenData, ({ tokens }, token, { recordedtime }) => tokens.set(token.name, { ...token, madeMs: Math.max(token.madeMs ?? 0, Date.parse(recordedtime)) })),
  [peopleEvents.tokenRevoked]: about(namedData, (state, { name }) => revokeToken(state, name)),
  [peopleEvents.asked]: about(askedData, ({ approvals }, asked, { time }) => {
    approvals.set(asked.id, { ...asked, askedAt: time, by: undefined });
    // What has ended is told by nothing: those at the front are the oldest, and more than may be open.
    const [oldest] = approvals.size > 2 * limits.approvalsMax ? approvals.keys() : [];
    if (oldest !== undefined) approvals.delete(oldest);
  }),
  [peopleEvents.approved]: about(approvedData, ({ approvals }, { id, by: approver, role, endsMs, signature }) => {
    const asked = approvals.get(id);
    if (asked !== undefined) approvals.set(id, { ...asked, by: approver, role, endsMs, ...(signature === undefined ? {} : { signature }) });
  }),
  [peopleEvents.rejected]: about(idData, ({ approvals }, { id }) => approvals.delete(id)),
  [peopleEvents.used]: about(idData, ({ approvals }, { id }) => approvals.delete(id)),
  [peopleEvents.returned]: about(returnedData, ({ approvals }, returned) => approvals.set(returned.id, returned)),
};

/** With what was theirs: somebody else may have the name later. */
function removeUser(state: PeopleState, { name }: { readonly name: string }): void {
  const { users, tokens, familiar, approvals } = state;
  users.delete(name);
  familiar.delete(name);
  for (const token of tokens.values()) if (token.madeBy === name) revokeToken(state, token.name);
  for (const asked of approvals.values()) {
    if (asked.person === name) approvals.delete(asked.id);
    else if (asked.by === `person ${name}`) approvals.set(asked.id, { ...asked, by: undefined });
  }
}

function revokeToken({ tokens, revoked }: PeopleState, name: string): void {
  const token = tokens.get(name);
  if (token === undefined) return;
  tokens.delete(name);
  revoked.set(token.hash, name);
  const [oldest] = revoked.size > limits.apiTokensMax ? revoked.keys() : [];
  if (oldest !== undefined) revoked.delete(oldest);
}
