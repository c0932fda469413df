import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { addressToShare, refuseToken, setToken, takeTokenFromAddress, token, wasTokenRefused } from "./session.ts";

/** As much of a browser as the address needs. */
function opened(hash: string): string {
  const before = { location: Reflect.get(globalThis, "location"), history: Reflect.get(globalThis, "history") };
  const location = { hash, pathname: "/" };
  Object.assign(globalThis, { location, history: { replaceState: (_state: unknown, _title: string, path: string) => void (location.hash = path.slice(path.indexOf("#"))) } });
  takeTokenFromAddress();
  Object.assign(globalThis, before);
  return location.hash;
}
afterEach(() => setToken(undefined));

test("a token is taken out of the address whenever it comes; one that is refused gives way to the newer", () => {
  assert.equal(opened("#token=first"), "#/");
  assert.equal(token(), "first");
  assert.equal(opened("#token=second"), "#/", "it does not stay in the address either");
  assert.equal(token(), "first", "a link that somebody sent takes nobody's session away");
  refuseToken("first");
  assert.deepEqual([token(), wasTokenRefused()], ["second", false]);
  refuseToken("first");
  assert.equal(token(), "second", "what comes late of the one before says nothing of this one");
  refuseToken("second");
  assert.deepEqual([token(), wasTokenRefused()], [undefined, true]);
  opened("#token=third");
  assert.deepEqual([token(), wasTokenRefused()], ["third", false]);
  assert.equal(opened("#/map?q=a"), "#/map?q=a");
});

test("who logs out is logged out, and was not refused", () => {
  opened("#token=first");
  opened("#token=second");
  setToken(undefined);
  refuseToken("first");
  assert.deepEqual([token(), wasTokenRefused()], [undefined, false]);
});

test("no address that is shared holds a token", () => {
  assert.equal(addressToShare("http://127.0.0.1:7400/#token=a-b_c"), "http://127.0.0.1:7400/");
  assert.equal(addressToShare("http://127.0.0.1:7400/#/map?q=token"), "http://127.0.0.1:7400/#/map?q=token");
});
