import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema, type AppDocument } from "../schema/app.ts";
import { desiredSchema, type Desired } from "../schema/desired.ts";
import { onlyOf, withoutNews } from "./held.ts";

const fn = (name: string, code: string) => ({ name, code: code.repeat(64), on: { type: "in.came" }, emits: {}, models: [] });
const app = (name: string, version: string, functions: readonly object[], egress: readonly object[] = []): AppDocument => appDocumentSchema.parse({ name, version, functions, models: [], egress });
const documentOf = (version: number, ...apps: readonly AppDocument[]): Desired => desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "plan", apps });
const runs = ({ apps }: Desired): readonly string[] => apps.flatMap(({ name, version, functions }) => functions.map((one) => `${name} ${version} ${one.name} ${one.code.slice(0, 1)}`));

const ran = documentOf(3, app("pump", "1", [fn("judge", "a"), fn("count", "b")]), app("door", "1", [fn("watch", "c")]));

test("what ran goes on, fewer of it go on, and another policy of what leaves is none of its business", () => {
  for (const apps of [ran.apps, [], [app("pump", "1", [fn("count", "b")])], [app("pump", "1", [fn("judge", "a")], [{ class: "derived", to: "*" }])]]) {
    const next = documentOf(4, ...apps);
    assert.deepEqual(withoutNews(ran, next), { document: next, news: [] });
  }
});

test("a new app is left out; in place of one with another version, another code or one function more stands what ran", () => {
  const fresh = app("spy", "1", [fn("look", "d")]);
  for (const changed of [app("pump", "2", [fn("judge", "a"), fn("count", "b")]), app("pump", "1", [fn("judge", "e"), fn("count", "b")]), app("pump", "1", [fn("judge", "a"), fn("count", "b"), fn("more", "d")])]) {
    const { document, news } = withoutNews(ran, documentOf(4, changed, fresh));
    assert.deepEqual(news, ["pump", "spy"]);
    assert.deepEqual(runs(document), ["pump 1 judge a", "pump 1 count b"], "and door, which nobody wants any more, ends");
    assert.equal(document.version, 3);
  }
  assert.deepEqual(runs(withoutNews(undefined, documentOf(1, fresh)).document), []);
});

test("beside something new the rest is as it ran word for word: what a document that nobody verified says of it does not count", () => {
  const loosened = app("door", "1", [fn("watch", "c")], [{ class: "derived", to: "*" }]);
  const { document } = withoutNews(ran, documentOf(4, loosened, app("spy", "1", [fn("look", "d")])));
  assert.deepEqual(document.apps, [ran.apps[1]]);
  assert.deepEqual(onlyOf(documentOf(2, app("pump", "1", [fn("judge", "a")])), document).apps, [], "and nothing that was not verified before");
});
