import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { keepFollowing } from "./follow.ts";

const broken = (message: string): HolonError => new HolonError("HOLON_API_UNREACHABLE", message);

test("a line that breaks is said once, tried again and said to be back; one that never answered is an error", async () => {
  const ended = new AbortController();
  const said: string[] = [];
  const turns: (() => Promise<void>)[] = [];
  let heardNow: () => void = () => undefined;
  turns.push(
    () => Promise.resolve(heardNow()),
    () => Promise.reject(broken("the other end has ended this")),
    () => Promise.reject(broken("no API answers")),
    () => {
      heardNow();
      ended.abort();
      return Promise.reject(broken("over"));
    },
  );
  await keepFollowing((heard) => ((heardNow = heard), turns.shift()?.() ?? Promise.reject(new Error("too often"))), ended.signal, (text) => said.push(text));
  assert.deepEqual(said, ["the other end has ended this; trying again", "no API answers; trying again", "it is back"]);
  await assert.rejects(keepFollowing(() => Promise.reject(broken("no API answers")), new AbortController().signal, (text) => said.push(text)), /no API answers/);
});

test("what is no broken line ends it, and a node that is away is waited for from the beginning", async () => {
  const ended = new AbortController();
  const said: string[] = [];
  let turn = 0;
  await assert.rejects(
    keepFollowing((heard) => {
      turn += 1;
      if (turn === 1) return Promise.reject(new HolonError("HOLON_DIAGNOSIS_AWAY", "g is silent"));
      heard();
      return Promise.reject(new HolonError("HOLON_POLICY_DENIED", "you may not"));
    }, ended.signal, (text) => said.push(text)),
    /you may not/,
  );
  assert.deepEqual(said, ["g is silent; trying again", "it is back"]);
});
