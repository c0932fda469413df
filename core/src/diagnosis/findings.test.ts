import assert from "node:assert/strict";
import { test } from "node:test";
import { errorTable } from "../errors.ts";
import { examinedSchema, findingsOf, type Surroundings } from "./findings.ts";

const well = { uplink: { state: "open", held: [], branches: [] }, log: { disk: "ok" }, damage: [], agent: { problem: undefined, units: [], sources: [] } };
const exported = { to: "otel:4318", jurisdiction: "US", behind: 0, sent: 7, aside: 0, withheld: 0, gone: 0 };
const routed = { route: "ops", to: "webhook", told: 3, waiting: 0, isFailing: false, problem: null, since: null };
const kept = (more: object) => ({ how: "stays", where: "data", lanes: 1, count: 12, destination: "US", rule: "default", reason: "no rule of policy plant 3 lets node gateway-1 leave data", isForbidden: false, since: "2026-01-02T03:04:05.000Z", ...more });
const problem = (code: keyof typeof errorTable, message: string) => ({ code, message, next: errorTable[code].next });

/** Each common fault: what a status shows of it, and what is said. */
const faults: readonly (readonly [name: string, status: object, around: Surroundings, state: "warn" | "bad", says: RegExp, next: RegExp])[] = [
  ["no link", { uplink: { ...well.uplink, state: "waiting", problem: { code: "HOLON_LINK_UNREACHABLE", message: "wss://edge-1:7401 does not answer" } } }, {}, "warn", /uplink waiting: .*does not answer/, /works on alone/],
  ["what waits for a link", { uplink: { ...well.uplink, state: "cut", backlog: 12 } }, {}, "warn", /uplink cut; 12 records wait for it/, /holon link heal gateway-1/],
  ["a link that was cut", { uplink: { ...well.uplink, state: "cut" } }, {}, "warn", /uplink cut/, /holon link heal gateway-1/],
  ["not let in", { uplink: { ...well.uplink, state: "waiting", problem: { code: "HOLON_IDENTITY_REVOKED", message: "it was revoked" } } }, {}, "warn", /revoked/, /invite and enrol/],
  ["two histories", { uplink: { ...well.uplink, branches: [{ lane: "gateway-1/data", branch: "gateway-1~a1b2c3/data", after: 7 }] } }, {}, "warn", /two histories/, /name of its own/],
  ["a clock that nobody sets", {}, { clock: "unknown" }, "warn", /clock is unknown/, /time service/],
  ["a certificate that ended", {}, { certificateMs: -7_200_000 }, "warn", /certificate ended 2 hours ago/, /key of the old/],
  ["a full disk", { log: { disk: "full" } }, {}, "bad", /disk is full/, /Free space/],
  ["a disk that failed", { log: { disk: "failed" } }, {}, "bad", /disk failed/, /Check the disk/],
  ["hardly any room", {}, { disk: { freeBytes: 200 << 20 } }, "warn", /200 MiB are free/, /Free space/],
  ["hardly any memory", {}, { memory: { freeBytes: 20 << 20, totalBytes: 1 << 30 } }, "warn", /20 of 1024 MiB/, /processes/],
  ["a damaged log", { damage: [{ segment: "log/00000003.seg" }] }, {}, "bad", /00000003\.seg is damaged/, /start it again/i],
  ["a certificate under a key of the authority that was replaced", { series: { own: 1, newest: 2 } }, {}, "warn", /its certificate is of series 1 of the authority, which is over since there is series 2/, /asks for a new one/],
  ["an altered node", { measured: { altered: [{ what: "node/src/node.ts" }] } }, {}, "bad", /not as it was adopted/, /holon node adopt/],
  ["a node whose record of what was adopted is gone", { measured: { altered: [], held: { sinceMs: 0, found: "a".repeat(64), count: 1, first: ["record of what was adopted"] } } }, {}, "bad", /nothing says what its program is to be: the record of what was adopted is gone, or/, /See who changed it; if the node is as it should be.*`holon node adopt gateway-1 --because TEXT`/],
  ["a node that holds things back", { measured: { altered: [], held: { sinceMs: 0, found: "a".repeat(64), count: 9, first: ["node/src/node.ts"] } } }, {}, "bad", /node\/src\/node\.ts and 8 more.*since 1970-01-01T00:00:00\.000Z it hands out no secrets/, /`holon node adopt gateway-1 --because TEXT`/],
  ["a port in use", { agent: { ...well.agent, sources: [{ name: "mqtt", problem: problem("HOLON_PORT_TAKEN", "127.0.0.1:1883 is taken") }] } }, {}, "bad", /source mqtt: 127\.0\.0\.1:1883 is taken/, /another port/],
  ["a policy that refuses", { agent: { ...well.agent, units: [{ problem: problem("HOLON_POLICY_DENIED", "rule no-cameras forbids it") }] } }, {}, "bad", /no-cameras/, /change the app's egress or the policy/],
  ["events that a function could not handle", { agent: { ...well.agent, units: [{ app: "probe", name: "door", failed: 4 }, { app: "probe", name: "well", failed: 0 }] } }, {}, "warn", /^4 events that probe\/door could not handle are set aside$/, /holon function failed --node gateway-1.*holon function replay --node gateway-1/],
  ["a receiver of alerts that fails", { alertRoutes: [{ ...routed, waiting: 4, isFailing: true, problem: "the receiver answered 500", since: "2026-01-02T03:04:05.000Z" }, { ...routed, route: "mail" }] }, {}, "bad", /^nobody is told of alerts by the route ops \(webhook\) since 2026-01-02T03:04:05\.000Z: the receiver answered 500; 4 alerts wait$/, /receiver's own log.*`holon alert routes --node gateway-1`/],
  ["a receiver of alerts that refused one", { alertRoutes: [{ ...routed, to: "email", problem: "550 no such user", since: "2026-01-02T03:04:05.000Z" }] }, {}, "warn", /^the last message by the alert route ops did not reach all whom it tells, at 2026-01-02T03:04:05\.000Z: 550 no such user$/, /mail server's own log.*`holon alert list --node gateway-1`/],
  ["a collector that wants another password", { export: { ...exported, behind: 12, problem: { ...problem("HOLON_COLLECTOR_REFUSED", "the collector answered 401"), since: "2026-01-02T03:04:05.000Z" } } }, {}, "warn", /otel:4318 since 2026-01-02T03:04:05\.000Z: the collector answered 401; 12 records wait/, /secretHeaders/],
  ["a function that is behind", { agent: { ...well.agent, units: [{ app: "loop", name: "a", lag: 272_766 }, { app: "loop", name: "well", lag: 49_999 }] } }, {}, "warn", /^272766 events wait for loop\/a$/, /holon function list --node gateway-1.*eventsPerSecondMax/],
  ["what a collector calls bad", { export: { ...exported, aside: 1, lastAside: { at: "2026-01-02T03:04:05.000Z", why: "gateway-1/e/telemetry/7 is bad" } } }, {}, "warn", /1 of what .* was set aside, last at 2026-01-02T03:04:05\.000Z: gateway-1\/e\/telemetry\/7 is bad/, /holon node logs/],
  ["what a collector called bad since long ago", { export: { ...exported, aside: 143, firstAsideAt: "2026-01-01T00:00:00.000Z", lastAside: { at: "2026-01-02T03:04:05.000Z", why: "gateway-1/e/telemetry/7 is bad" } } }, {}, "warn", /^143 of what .* were set aside, first at 2026-01-01T00:00:00\.000Z, last at 2026-01-02T03:04:05\.000Z: /, /holon node logs/],
  ["a policy that keeps telemetry from a collector", { export: { ...exported, withheld: 3 } }, {}, "warn", /keeps 3 records of telemetry from the collector otel:4318 in US/, /permit `leave`/],
  ["telemetry that went before the collector was back", { export: { ...exported, gone: 1 } }, {}, "warn", /1 record of telemetry/, /retention/],
  ["what no rule of the policy lets leave, where nobody said where it would go", { withheld: [kept({ destination: null })] }, {}, "warn", /^12 records for data stay in `local` since 2026-01-02T03:04:05\.000Z: no rule of policy plant 3 lets/, /`uplink\.jurisdiction`/],
  ["what nobody lets its maker lower", { withheld: [kept({ rule: "base/raw-stays" })] }, {}, "warn", /^12 records for data stay/, /`does lower`/],
  ["what no rule of the policy lets go there", { withheld: [kept({ how: "waits", where: "gateway-2/data", lanes: 3, destination: "US" })] }, {}, "warn", /^12 records of gateway-2\/data and 2 more lanes wait since /, /let a rule of the policy permit/],
  ["a document that does not run", { agent: { ...well.agent, problem: problem("HOLON_SIGNATURE_MISSING", "app pump-watch is not signed") } }, {}, "bad", /not signed/, /holon publisher sign/],
];

for (const [name, status, around, state, says, next] of faults) {
  test(`${name}: it is said, and what to do`, () => {
    const findings = findingsOf("gateway-1", examinedSchema.parse({ ...well, ...status }), around);
    assert.equal(findings.length, 1, JSON.stringify(findings));
    assert.equal(findings[0]?.state, state);
    assert.match(findings[0]?.says ?? "", says);
    assert.match(findings[0]?.next ?? "", next);
  });
}

test("of a node that is well one thing is said", () => {
  assert.deepEqual(findingsOf("gateway-1", examinedSchema.parse({ ...well, export: { ...exported, behind: 2 } })).map(({ state }) => state), ["ok"]);
  assert.deepEqual(findingsOf("gateway-1", examinedSchema.parse(well), { clock: "synced", certificateMs: 1, disk: { freeBytes: 2 ** 40 } }).map(({ state }) => state), ["ok"]);
});

test("what a rule forbids in so many words is told, and is no fault", () => {
  const findings = findingsOf("gateway-1", examinedSchema.parse({ ...well, withheld: [kept({ isForbidden: true, rule: "no-press", reason: "rule no-press forbids it", count: 1 })] }));
  assert.deepEqual(findings.map(({ state, next }) => [state, next]), [["ok", undefined], ["ok", undefined]]);
  assert.match(findings[1]?.says ?? "", /^1 record for data stays in `local` since .*: rule no-press forbids it$/);
});
