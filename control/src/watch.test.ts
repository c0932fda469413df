import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerEvent, StopSignal } from "@holon/core/api/route.ts";
import { limits } from "@holon/core/limits.ts";
import { createWatching, watchedKinds, type WatchedRow } from "./watch.ts";

/** A fleet of apps as a map, and one that looks on. */
function bed(life = "life") {
  const apps = new Map<string, object>();
  const watching = createWatching(life, () => [...apps].map(([name, app]): WatchedRow => ({ kind: "app", name, of: [app], value: () => app })));
  const stops: (() => void)[] = [];
  const state = { aborted: false };
  const signal: StopSignal = { get aborted() { return state.aborted; }, onAbort: (callback) => void stops.push(callback) };
  const open = (lastEventId?: string, kinds = watchedKinds.slice()) => watching.watch(kinds, lastEventId, signal);
  const set = (name: string, value: object | undefined): void => {
    if (value === undefined) apps.delete(name);
    else apps.set(name, value);
    watching.look();
  };
  return { watching, open, set, stop: () => { state.aborted = true; for (const one of stops) one(); } };
}

const print = ({ event, data }: ServerEvent): string => `${event} ${JSON.stringify(data)}`;
async function take(stream: AsyncGenerator<ServerEvent>, count: number): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  while (events.length < count) {
    const next = await stream.next();
    if (next.done === true) break;
    events.push(next.value);
  }
  return events;
}

test("a watch is told everything as it is, then each change once and in order; what did not change is not told", async () => {
  const { open, set, watching } = bed();
  set("a", { v: 1 });
  const stream = open();
  assert.deepEqual((await take(stream, 3)).map(print), ["reset {}", 'put {"kind":"app","name":"a","value":{"v":1}}', 'synced {"version":"life-1"}']);
  const same = { v: 2 };
  set("a", same);
  set("a", same);
  set("b", { v: 1 });
  set("a", undefined);
  watching.look();
  assert.deepEqual((await take(stream, 3)).map(print), ['put {"kind":"app","name":"a","value":{"v":2}}', 'put {"kind":"app","name":"b","value":{"v":1}}', 'remove {"kind":"app","name":"a"}']);
});

test("a watch that broke goes on behind what it had; one of another life, or too far behind, is told everything", async () => {
  const { open, set } = bed();
  set("a", { v: 1 });
  const [, , synced] = await take(open(), 3);
  set("a", { v: 2 });
  set("b", { v: 1 });
  assert.deepEqual((await take(open(synced?.id), 2)).map(({ id, event }) => [id, event]), [["life-2", "put"], ["life-3", "put"]]);
  for (const lost of ["other-1", "life-9", "life-x", ""]) assert.equal((await take(open(lost), 1))[0]?.event, "reset", lost);
  const slow = open(synced?.id);
  await take(slow, 1);
  for (let change = 0; change <= limits.watchChangesMax; change++) set("a", { v: change });
  assert.deepEqual((await take(slow, 4)).map(({ event }) => event), ["reset", "put", "put", "synced"]);
});

test("a break in the middle of what is told at first begins again: no id is given before all of it was", async () => {
  const { open, set } = bed();
  for (const name of ["a", "b", "c"]) set(name, { name });
  const broken = await take(open(), 3);
  const last = broken.reduce((id, event) => event.id ?? id, "");
  assert.equal(last, "");
});

test("kinds are chosen, a watch ends when its caller goes, and there are only so many", async () => {
  const { open, set, stop } = bed();
  set("a", { v: 1 });
  assert.deepEqual((await take(open(undefined, ["node"]), 2)).map(({ event }) => event), ["reset", "synced"]);
  const streams = await Promise.all(Array.from({ length: limits.watchersMax - 1 }, async () => {
    const stream = open();
    await stream.next();
    return stream;
  }));
  await assert.rejects(open().next(), { code: "HOLON_WATCH_FULL" });
  await streams[0]?.return(undefined);
  assert.equal((await open().next()).done, false);
  const waiting = streams[1] === undefined ? undefined : take(streams[1], 99);
  stop();
  assert.ok(((await waiting)?.length ?? 99) < 99);
});

test("where nobody watches, and nobody can come back, nothing is looked at; no value is made that is not sent", async () => {
  const apps = new Map<string, object>([["a", {}], ["b", {}], ["c", {}]]);
  const did: string[] = [];
  const watching = createWatching("life", () => {
    did.push("look");
    return [...apps].map(([name, app]): WatchedRow => ({ kind: name === "c" ? "node" : "app", name, of: [app], value: () => did.push(name) }));
  });
  for (let commit = 0; commit < 10; commit++) watching.look();
  assert.deepEqual(did, []);
  const signal: StopSignal = { aborted: false, onAbort: () => undefined };
  const stream = watching.watch(["app"], undefined, signal);
  const synced = (await take(stream, 4)).at(-1);
  assert.deepEqual(did.splice(0), ["look", "a", "b"]);
  await stream.return(undefined);
  for (const change of ["set", "set", "delete"] as const) {
    if (change === "set") apps.set("a", {}).set("c", {});
    else apps.delete("b");
    watching.look();
  }
  assert.deepEqual(did.splice(0), ["look", "look", "look"]);
  const again = watching.watch(["app"], synced?.id, signal);
  assert.deepEqual((await take(again, 3)).map(({ event }) => event), ["put", "put", "remove"]);
  assert.deepEqual(did.splice(0), ["look", "a", "a"]);
  await again.return(undefined);
  for (let commit = 0; commit < 2 * limits.watchChangesMax; commit++) {
    apps.set("a", {});
    watching.look();
  }
  assert.equal(did.length, limits.watchChangesMax + 1);
  assert.equal((await take(watching.watch(["app"], synced?.id, signal), 1))[0]?.event, "reset");
});
