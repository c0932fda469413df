import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Client } from "../client.ts";
import { listLinks } from "./link-list.ts";
import { listSites, showSite } from "./sites.ts";

const asOf = "2026-01-02T12:03:10.000Z";
const since = "2026-01-02T12:00:31.000Z";
const completeness = { nodes: 2, reported: 1, excused: 0, unknown: 1, through: since, states: { present: 1, slow: 0, silent: 1, crashed: 0, gone: 0, awaited: 0, revoked: 0 }, missing: [{ node: "gateway-1", site: "plant", state: "silent", since, through: since }] };
const site = { name: "plant", jurisdictions: ["EU/DE"], nodes: [{ name: "gateway-1", tier: "gateway", heardMs: 160_000 }], lead: null, processors: null, memoryBytes: null, apps: [] };
const continuum = { run: "r", revision: 1, nowMs: 1, asOf, asOfAtMs: 1, self: "cloud-1", total: 0, nodes: [], next: null, askedAtMs: {}, unansweredAtMs: {}, flows: {}, backlogs: {} };

/** What is said to people beside what is asked for. */
async function saidBeside(context: TestContext, answers: Readonly<Record<string, unknown>>, run: (client: Client) => Promise<void>): Promise<string> {
  let said = "";
  context.mock.method(process.stdout, "write", () => true);
  context.mock.method(process.stderr, "write", (text: string) => ((said += text), true));
  const never = (): Promise<never> => Promise.reject(new Error("nothing else is asked for"));
  const client: Client = { get: async (path, answer) => answer.parse(answers[path]), bytes: never, send: never };
  try {
    await run(client);
  } finally {
    context.mock.restoreAll();
  }
  return said;
}

test("what is told of several nodes says of whom it may know too little", async (context) => {
  const known = { asOf, completeness };
  const unheard = /as of 2026-01-02T12:03:10\.000Z: of 2 nodes 1 may have more to tell: gateway-1 is silent since 2026-01-02T12:00:31\.000Z/;
  assert.match(await saidBeside(context, { "/v1/sites": { ...known, sites: [site], next: null } }, (client) => listSites(client, false)), unheard);
  assert.match(await saidBeside(context, { "/v1/sites/plant": { ...known, ...site } }, (client) => showSite(client, "plant", false)), unheard);
  assert.match(await saidBeside(context, { "/v1/continuum": { ...continuum, ...known }, "/v1/nodes": { nodes: [], next: null } }, (client) => listLinks(client, false)), unheard);
});
