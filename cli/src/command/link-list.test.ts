import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../client.ts";
import { listLinks } from "./link-list.ts";

const node = (name: string) => ({ name, site: "plant", tier: "gateway", jurisdiction: "EU", leads: false, api: null, startedAt: null, desired: 0, reported: null, heardAtMs: 1, link: { to: "edge-1", state: "open", sinceAtMs: 1 }, state: "present", stateSinceAtMs: 1 });
const page = (run: string, names: readonly string[], next: string | null) => ({ run, revision: 1, nowMs: 1, asOf: "2026-01-02T12:03:10.000Z", asOfAtMs: 1, self: "cloud-1", total: 3, nodes: names.map(node), next, askedAtMs: {}, unansweredAtMs: {}, flows: {}, backlogs: {} });

test("all links are told, however many pages the fleet has; all anew where control has begun anew between two", async (context) => {
  let said = "";
  context.mock.method(process.stdout, "write", (text: string) => ((said += text), true));
  context.after(() => context.mock.restoreAll());
  const never = (): Promise<never> => Promise.reject(new Error("nothing else is asked for"));
  const answers = [page("a", ["gateway-1"], "1"), page("b", ["gateway-9"], null), page("b", ["gateway-1", "gateway-2"], "2"), page("b", ["gateway-3"], null)];
  const asked: string[] = [];
  const client: Client = { get: async (path, answer) => answer.parse(path.startsWith("/v1/continuum") ? (asked.push(path), answers.shift()) : { nodes: [], next: null }), bytes: never, send: never };
  await listLinks(client, true);
  const { links } = JSON.parse(said) as { readonly links: readonly { readonly node: string }[] };
  assert.deepEqual(links.map((link) => link.node), ["gateway-1", "gateway-2", "gateway-3"]);
  assert.deepEqual(asked, ["/v1/continuum", "/v1/continuum?cursor=1", "/v1/continuum", "/v1/continuum?cursor=2"]);
});
