import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import fc from "fast-check";
import { createLockout, type Lockout } from "./lockout.ts";

function at(): { clock: { nowMs: number }; lockout: Lockout } {
  const clock = { nowMs: 5_000 };
  return { clock, lockout: createLockout(() => clock.nowMs) };
}

/** How long one has to wait; 0 where one may try, which leaves no trace. */
function waitMs(lockout: Lockout, name: string, address = "a"): number {
  try {
    lockout.begin(name, address).dropped();
    return 0;
  } catch (error) {
    assert.ok(error instanceof HolonError && error.code === "HOLON_LOGIN_LOCKED");
    return error.retryAfterMs ?? Number.NaN;
  }
}

const { loginFailuresOfName, loginFailuresOfAddress, loginLockMs, loginLockMsMax, loginCountedMax } = limits;
const times = (count: number, work: (index: number) => void): void => Array.from({ length: count }, (_, index) => index).forEach(work);

test("a name is locked after so many failures, to the millisecond, and twice as long after each further one", () => {
  const { clock, lockout } = at();
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin("anna", "a").failed(), []));
  let forMs: number = loginLockMs;
  for (const _ of Array.from({ length: 8 })) {
    assert.equal(waitMs(lockout, "anna"), 0);
    assert.deepEqual(lockout.begin("anna", "a").failed(), [{ of: "name", forMs }]);
    assert.equal(waitMs(lockout, "anna", "elsewhere"), forMs);
    assert.equal(waitMs(lockout, "ben"), 0);
    clock.nowMs += forMs - 1;
    assert.equal(waitMs(lockout, "anna"), 1);
    clock.nowMs += 1;
    forMs = Math.min(2 * forMs, loginLockMsMax);
  }
  assert.equal(forMs, loginLockMsMax);
  clock.nowMs += loginLockMsMax;
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin("anna", "a").failed(), [], "all is forgotten"));
});

test("who guesses on this machine keeps nobody else on it out, by whatever names", () => {
  for (const address of ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"]) {
    const { lockout } = at();
    for (let index = 0; index < 3 * limits.loginCountedMax; index++) {
      try {
        assert.deepEqual(lockout.begin(`made-up-${index}`, address).failed().filter(({ of }) => of === "address"), []);
      } catch (error) {
        assert.equal((error as HolonError).code, "HOLON_LOGIN_LOCKED"); // names that nobody has, beyond what is counted one by one
      }
    }
    lockout.begin("anna", address, true).succeeded();
    assert.deepEqual(lockout.begin("ben", address, true).failed(), []);
  }
});

test("an address is locked for what it does to many names, and its own success is no pardon", () => {
  const { clock, lockout } = at();
  times(loginFailuresOfAddress - 1, (index) => {
    lockout.begin(`name-${index}`, "a").failed();
    lockout.begin("own", "a").succeeded();
  });
  assert.deepEqual(lockout.begin("last", "a").failed(), [{ of: "address", forMs: loginLockMs }]);
  assert.equal(waitMs(lockout, "own"), loginLockMs);
  assert.equal(waitMs(lockout, "own", "b"), 0);
  clock.nowMs += loginLockMs;
  assert.equal(waitMs(lockout, "own"), 0);
});

test("a new password frees the name and the way to it; a right one forgets the failures before it", () => {
  const { lockout } = at();
  times(loginFailuresOfAddress, (index) => index < loginFailuresOfName && lockout.begin("anna", "a").failed());
  assert.ok(waitMs(lockout, "anna") > 0);
  lockout.free("anna");
  times(loginFailuresOfName - 1, () => lockout.begin("anna", "a").failed());
  lockout.begin("anna", "a").succeeded();
  times(loginFailuresOfName - 1, () => assert.deepEqual(lockout.begin("anna", "a").failed(), []));
});

test("those that are looked at together are counted before any is answered", () => {
  const { lockout } = at();
  const attempts = Array.from({ length: loginFailuresOfName }, () => lockout.begin("anna", "a"));
  assert.ok(waitMs(lockout, "anna") > 0);
  attempts.forEach((attempt) => attempt.dropped());
  assert.equal(waitMs(lockout, "anna"), 0);
});

test("a flood of names is counted as one, and lets go of no lock", () => {
  const { lockout } = at();
  times(loginFailuresOfName, () => lockout.begin("anna", "a").failed());
  times(3 * loginCountedMax, (index) => waitMs(lockout, `n${index}`, `x${index}`) === 0 && lockout.begin(`n${index}`, `x${index}`).failed());
  assert.ok(waitMs(lockout, "anna", "elsewhere") > 0);
  assert.ok(waitMs(lockout, "another", "elsewhere") > 0, "names beyond the bound share one count");
});

test("whatever happens, no more wrong passwords of a name are looked at than its failures and its locks allow", () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 60_000 }), end: fc.constantFrom("failed" as const, "failed" as const, "dropped" as const) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, lockout } = at();
      const beganMs = clock.nowMs;
      let looked = 0;
      for (const { waitMs: passMs, end } of steps) {
        clock.nowMs += passMs;
        if (waitMs(lockout, "anna", `${looked}`) > 0) continue;
        const attempt = lockout.begin("anna", `${looked}`);
        attempt[end]();
        if (end === "failed") looked += 1;
      }
      // The loosest bound: one try for each shortest lock that fits, beyond the first few; forgetting needs far longer.
      assert.ok(looked <= (loginFailuresOfName + 1) * (1 + Math.floor((clock.nowMs - beganMs) / loginLockMsMax)) + Math.ceil((clock.nowMs - beganMs) / loginLockMs));
    }),
    { numRuns: 200 },
  );
});
