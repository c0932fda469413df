import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { listRoute } from "./page.ts";
import { parseEntityTags } from "./version.ts";

const pageSchema = z.object({ names: z.array(z.string()), next: z.string().nullable() });

test("pages give every row that stays once, whatever comes and goes between them", async () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 30 });
  await fc.assert(fc.asyncProperty(names, names, names, fc.integer({ min: 1, max: 7 }), async (stay, come, go, limit) => {
    const kept = stay.filter((name) => !come.includes(name) && !go.includes(name));
    let rows = [...new Set([...kept, ...go])];
    const route = listRoute({ path: "/v1/names", summary: "", rows: "names", row: z.string(), keyOf: (name) => name, all: () => rows });
    const seen: string[] = [];
    for (let cursor: string | null | undefined, page = 0; cursor !== null; page++) {
      const { body } = await route.handle({ params: {}, query: { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) }, body: undefined });
      const answer = pageSchema.parse(body);
      assert.ok(answer.names.length <= limit);
      seen.push(...answer.names);
      cursor = answer.next;
      rows = [...new Set([...kept, ...come.slice(0, page)])];
    }
    assert.equal(new Set(seen).size, seen.length);
    for (const name of kept) assert.ok(seen.includes(name), name);
  }), { numRuns: 100 });
});

test("a cursor of another list, or none of ours, is refused", async () => {
  const list = (path: string) => listRoute({ path, summary: "", rows: "names", row: z.string(), keyOf: (name) => name, all: () => ["a", "b"] });
  const ask = async (path: string, cursor: string) => list(path).handle({ params: {}, query: { limit: "1", cursor }, body: undefined });
  const { next } = pageSchema.parse((await list("/one").handle({ params: {}, query: { limit: "1" }, body: undefined })).body);
  assert.deepEqual(pageSchema.parse((await ask("/one", next ?? "")).body), { names: ["b"], next: null });
  for (const [path, cursor] of [["/two", next ?? ""], ["/one", "b"], ["/one", "5b5d"], ["/one", "zz"]] as const) await assert.rejects(ask(path, cursor), { code: "HOLON_ARGUMENT_BAD" });
});

test("entity tags are read as RFC 9110 has them", () => {
  assert.deepEqual(parseEntityTags('"a" , W/"b","c"'), ["a", "c"]);
  assert.deepEqual(parseEntityTags(" * "), ["*"]);
  for (const text of ["a", '"a" "b"', ""]) assert.equal(parseEntityTags(text), undefined, text);
});
