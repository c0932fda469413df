import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import fc from "fast-check";
import { createLockout, type Lockout, type Try } from "./lockout.ts";

function at(): { clock: { nowMs: number }; lockout: Lockout } {
  const clock = { nowMs: 5_000 };
  return { clock, lockout: createLockout(() => clock.nowMs) };
}

/** How long one has to wait; 0 where one may try, which leaves no trace. */
function waitMs(lockout: Lockout, name: string, address = "a", more: Partial<Try> = {}): number {
  try {
    lockout.begin({ name, address, ...more }).dropped();
    return 0;
  } catch (error) {
    assert.ok(error instanceof HolonError && error.code === "HOLON_LOGIN_LOCKED");
    return error.retryAfterMs ?? Number.NaN;
  }
}

const { loginFailuresOfName, loginFailuresOfAddress, loginFailuresAnywhere, loginLockMs, loginLockMsMax, loginCountedMax } = limits;
const times = (count: number, work: (index: number) => void): void => Array.from({ length: count }, (_, index) => index).forEach(work);

test("a name is locked for an address after so many failures, and for no other one, to the millisecond, and twice as long after each further one", () => {
  const { clock, lockout } = at();
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin({ name: "anna", address: "a" }).failed(), []));
  let forMs: number = loginLockMs;
  for (const _ of Array.from({ length: 8 })) {
    assert.equal(waitMs(lockout, "anna"), 0);
    assert.deepEqual(lockout.begin({ name: "anna", address: "a" }).failed(), [{ of: "name", forMs }]);
    assert.equal(waitMs(lockout, "anna", "elsewhere"), 0);
    assert.equal(waitMs(lockout, "ben"), 0);
    clock.nowMs += forMs - 1;
    assert.equal(waitMs(lockout, "anna"), 1);
    clock.nowMs += 1;
    forMs = Math.min(2 * forMs, loginLockMsMax);
  }
  assert.equal(forMs, loginLockMsMax);
  clock.nowMs += loginLockMsMax;
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin({ name: "anna", address: "a" }).failed(), [], "all is forgotten"));
});

test("who guesses on this machine keeps nobody else on it out, by whatever names", () => {
  for (const address of ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"]) {
    const { lockout } = at();
    for (let index = 0; index < 3 * limits.loginCountedMax; index++) {
      try {
        assert.deepEqual(lockout.begin({ name: `made-up-${index}`, address }).failed().filter(({ of }) => of === "address"), []);
      } catch (error) {
        assert.equal((error as HolonError).code, "HOLON_LOGIN_LOCKED"); // names that nobody has, beyond what is counted one by one
      }
    }
    lockout.begin({ name: "anna", address: address, isKnown: true }).succeeded();
    assert.deepEqual(lockout.begin({ name: "ben", address: address, isKnown: true }).failed(), []);
  }
});

test("an address is locked for what it does to many names, and its own success is no pardon", () => {
  const { clock, lockout } = at();
  times(loginFailuresOfAddress - 1, (index) => {
    lockout.begin({ name: `name-${index}`, address: "a" }).failed();
    lockout.begin({ name: "own", address: "a" }).succeeded();
  });
  assert.deepEqual(lockout.begin({ name: "last", address: "a" }).failed(), [{ of: "address", forMs: loginLockMs }]);
  assert.equal(waitMs(lockout, "own"), loginLockMs);
  assert.equal(waitMs(lockout, "own", "b"), 0);
  clock.nowMs += loginLockMs;
  assert.equal(waitMs(lockout, "own"), 0);
});

test("a new password says nothing of what its address guessed at otherwise: whoever may set one of his own gets no more tries", () => {
  const { lockout } = at();
  times(loginFailuresOfAddress, (index) => {
    lockout.begin({ name: `name-${index}`, address: "a" }).failed();
    lockout.free("own");
  });
  for (const name of ["own", "anna"]) assert.equal(waitMs(lockout, name, "a", { isKnown: true }), loginLockMs, name);
  times(loginFailuresOfName, () => lockout.begin({ name: "anna", address: "b", isKnown: true }).failed());
  lockout.free("own");
  assert.equal(waitMs(lockout, "anna", "b", { isKnown: true }), loginLockMs, "nor of another name");
});

test("a new password frees the name; a right one forgets the failures before it", () => {
  const { lockout } = at();
  times(loginFailuresOfAddress, (index) => index < loginFailuresOfName && lockout.begin({ name: "anna", address: "a" }).failed());
  assert.ok(waitMs(lockout, "anna") > 0);
  lockout.free("anna");
  times(loginFailuresOfName - 1, () => lockout.begin({ name: "anna", address: "a" }).failed());
  lockout.begin({ name: "anna", address: "a" }).succeeded();
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin({ name: "anna", address: "a" }).failed(), []));
});

test("guesses from everywhere make a name slow where it never logged in from, and lock it nowhere; who logged in from there, or is logged in, notices nothing", () => {
  const { clock, lockout } = at();
  let guesses = 0;
  const guess = (): void => void lockout.begin({ name: "anna", address: `x${guesses++}`, isKnown: true }).failed();
  times(loginFailuresAnywhere, guess);
  for (let hour = 0; hour < 3; hour += 1) {
    for (const address of ["x0", "new"]) assert.equal(waitMs(lockout, "anna", address, { isKnown: true }), loginLockMs, "and no longer than that, however long it goes on");
    assert.equal(waitMs(lockout, "anna", "home", { isKnown: true, isFamiliar: true }), 0);
    assert.equal(waitMs(lockout, "anna", "new", { isKnown: true, session: "s1" }), 0);
    assert.equal(waitMs(lockout, "ben", "new", { isKnown: true }), 0);
    lockout.begin({ name: "anna", address: "home", isKnown: true, isFamiliar: true }).succeeded();
    assert.equal(waitMs(lockout, "anna", "new", { isKnown: true }), loginLockMs, "her own success frees nobody's guesses");
    times(120, () => {
      clock.nowMs += loginLockMs;
      guess();
    });
  }
  times(loginFailuresOfName, () => lockout.begin({ name: "anna", address: "home", isKnown: true, isFamiliar: true }).failed());
  assert.equal(waitMs(lockout, "anna", "home", { isKnown: true, isFamiliar: true }), loginLockMs, "who guesses at home is locked at home");
  times(loginFailuresOfName, () => lockout.begin({ name: "anna", address: "home", isKnown: true, session: "s1" }).failed());
  assert.equal(waitMs(lockout, "anna", "home", { isKnown: true, session: "s1" }), loginLockMs, "and in a session that somebody took");
  assert.equal(waitMs(lockout, "anna", "home", { isKnown: true, session: "s2" }), 0);
});

test("at an address that many share a lock does not grow", () => {
  const { clock, lockout } = at();
  times(loginFailuresOfName, () => lockout.begin({ name: "anna", address: "127.0.0.1", isKnown: true, isFamiliar: true }).failed());
  times(20, () => {
    assert.equal(waitMs(lockout, "anna", "::1", { isKnown: true, isFamiliar: true }), loginLockMs);
    clock.nowMs += loginLockMs;
    lockout.begin({ name: "anna", address: "127.0.0.1", isKnown: true, isFamiliar: true }).failed();
  });
});

test("those that are looked at together are counted before any is answered", () => {
  const { lockout } = at();
  const attempts = Array.from({ length: loginFailuresOfName }, () => lockout.begin({ name: "anna", address: "a" }));
  assert.ok(waitMs(lockout, "anna") > 0);
  attempts.forEach((attempt) => attempt.dropped());
  assert.equal(waitMs(lockout, "anna"), 0);
});

test("a flood of names lets go of no lock", () => {
  const { lockout } = at();
  times(loginFailuresAnywhere, (index) => lockout.begin({ name: "anna", address: `a${index}` }).failed());
  times(3 * loginCountedMax, (index) => waitMs(lockout, `n${index}`, `x${index}`) === 0 && lockout.begin({ name: `n${index}`, address: `x${index}` }).failed());
  assert.ok(waitMs(lockout, "anna", "elsewhere") > 0);
});

test("whoever fills the counts is not told which names there are", () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const { lockout } = at();
    const wrong = (name: string, isKnown: boolean): string => {
      try {
        lockout.begin({ name, address, isKnown }).failed();
        return "refused";
      } catch {
        return "locked";
      }
    };
    times(loginCountedMax, (index) => wrong(`nobody-${index}`, false));
    times(2 * loginFailuresOfName, (index) => wrong(`more-${index}`, false));
    for (let tries = 0; tries <= loginFailuresOfName; tries += 1) assert.equal(wrong("ada", true), wrong("bob", false), `${tries}`);
    assert.deepEqual([wrong("ada", true), wrong("bob", false)], ["locked", "locked"]);
  }
});

test("whatever happens, no more wrong passwords of a name are looked at, from addresses that are new, than its failures and its pace allow", () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 60_000 }), end: fc.constantFrom("failed" as const, "failed" as const, "dropped" as const) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, lockout } = at();
      const beganMs = clock.nowMs;
      let looked = 0;
      for (const { waitMs: passMs, end } of steps) {
        clock.nowMs += passMs;
        if (waitMs(lockout, "anna", `${looked}`) > 0) continue;
        const attempt = lockout.begin({ name: "anna", address: `${looked}` });
        attempt[end]();
        if (end === "failed") looked += 1;
      }
      // The loosest bound: one try for each lock that fits, beyond the first few; forgetting needs far longer.
      assert.ok(looked <= (loginFailuresAnywhere + 1) * (1 + Math.floor((clock.nowMs - beganMs) / loginLockMsMax)) + Math.ceil((clock.nowMs - beganMs) / loginLockMs));
    }),
    { numRuns: 200 },
  );
});
