import assert from "node:assert/strict";
import { test } from "node:test";
import { addressToShare, isTokenOffered, refuseToken, setToken, takeOfferedToken, takeTokenFromAddress, token, wasTokenRefused } from "./session.ts";

/** As much of a browser as the address needs. */
function opened(hash: string): string {
  const before = { location: Reflect.get(globalThis, "location"), history: Reflect.get(globalThis, "history") };
  const location = { hash, pathname: "/" };
  Object.assign(globalThis, { location, history: { replaceState: (_state: unknown, _title: string, path: string) => void (location.hash = path.slice(path.indexOf("#"))) } });
  takeTokenFromAddress();
  Object.assign(globalThis, before);
  return location.hash;
}
/** Nobody is logged in when the next one begins. */
const alone = (name: string, run: () => void): void =>
  void test(name, (context) => {
    context.after(() => setToken(undefined));
    run();
  });

alone("a token is taken out of the address whenever it comes; after one that is refused nobody goes on with another unasked", () => {
  assert.equal(opened("#token=first"), "#/");
  assert.equal(token(), "first");
  assert.equal(opened("#token=second"), "#/", "it does not stay in the address either");
  assert.equal(token(), "first", "a link that somebody sent takes nobody's session away");
  refuseToken("first");
  assert.deepEqual([token(), wasTokenRefused(), isTokenOffered()], [undefined, true, true], "nor does it put anybody into another one when the own one ends");
  takeOfferedToken();
  assert.deepEqual([token(), wasTokenRefused(), isTokenOffered()], ["second", false, false]);
  refuseToken("first");
  assert.equal(token(), "second", "what comes late of the one before says nothing of this one");
  refuseToken("second");
  assert.deepEqual([token(), wasTokenRefused(), isTokenOffered()], [undefined, true, false]);
  opened("#token=third");
  assert.deepEqual([token(), wasTokenRefused()], ["third", false]);
  assert.equal(opened("#/map?q=a"), "#/map?q=a");
});

alone("a link puts nobody into the session of who sent it", () => {
  for (const somebodys of ["holon_session_abc", "holon_token_abc"]) {
    assert.equal(opened(`#token=${somebodys}`), "#/");
    assert.deepEqual([token(), isTokenOffered()], [undefined, false]);
  }
  opened("#token=first");
  opened("#token=holon_session_abc");
  refuseToken("first");
  assert.deepEqual([token(), isTokenOffered()], [undefined, false]);
});

alone("who logs out is logged out, and was not refused", () => {
  opened("#token=first");
  opened("#token=second");
  setToken(undefined);
  refuseToken("first");
  assert.deepEqual([token(), wasTokenRefused(), isTokenOffered()], [undefined, false, false]);
});

alone("no address that is shared holds a token", () => {
  assert.equal(addressToShare("http://127.0.0.1:7400/#token=a-b_c"), "http://127.0.0.1:7400/");
  assert.equal(addressToShare("http://127.0.0.1:7400/#/map?q=token"), "http://127.0.0.1:7400/#/map?q=token");
});
