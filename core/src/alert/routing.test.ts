import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "../telemetry/alert.ts";
import { isSilenced, silencedUntil, type Silenced } from "./routing.ts";

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const silence = (more: Partial<Silenced>): Silenced => ({ name: "works", from: at(10), until: at(60), because: "the line is moved", by: "person olga", ...more });
const alert = (since: string, until: string | null): Alert => ({ id: "silence/g", rule: "silence", kind: "silence", subject: "g", site: "plant", severity: "page", state: until === null ? "firing" : "resolved", since, until, value: null, threshold: null, message: "g is silent", count: 1 });

test("what was over before anything was silenced is not shown as silenced; what is, or ended meanwhile, is, until the last of its silences", () => {
  const nowMs = Date.parse(at(30));
  const silences = [silence({ site: "plant" }), silence({ subject: "g", until: at(90) }), silence({ site: "elsewhere", until: at(99) })];
  assert.equal(silencedUntil(silences, alert(at(1), at(9)), nowMs), null);
  for (const one of [alert(at(1), null), alert(at(1), at(20)), alert(at(15), at(20))]) assert.equal(silencedUntil(silences, one, nowMs), at(90));
  assert.equal(silencedUntil(silences, alert(at(1), null), Date.parse(at(90))), null, "it has ended");
  assert.ok(isSilenced(silences, alert(at(1), null), nowMs));
});
