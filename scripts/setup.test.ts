import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, type Machine } from "./setup.ts";
import { need } from "./testing/need.ts";
import { findBinary, servers } from "./testing/servers.ts";

/** A machine where `there` is installed and `available` can be. */
function machineWith(there: readonly string[], available: readonly string[], options: Partial<Machine> = {}): Machine & { readonly asked: string[] } {
  const installed = new Set(there);
  const asked: string[] = [];
  return {
    asked,
    isRootOnDebian: true,
    isCi: false,
    has: (binary) => installed.has(binary),
    install: (packages) => {
      asked.push(...packages);
      for (const server of servers) if (packages.includes(server.package) && available.includes(server.package)) installed.add(server.binary);
      const ok = packages.every((name) => available.includes(name));
      return Promise.resolve({ ok, output: ok ? "" : "E: Unable to locate package", durationMs: 1 });
    },
    ...options,
  };
}

const binaries = servers.map((server) => server.binary);
const packages = servers.map((server) => server.package);

test("with everything there, nobody is asked", async () => {
  const machine = machineWith(binaries, []);
  assert.equal((await setUp(machine)).failed, false);
  assert.deepEqual(machine.asked, []);
});

test("only what is missing is installed", async () => {
  const machine = machineWith(["mosquitto"], packages);
  const result = await setUp(machine);
  assert.deepEqual(machine.asked, packages.filter((name) => name !== "mosquitto"));
  assert.match(result.said.join("\n"), /installed mosquitto-clients, nats-server/);
});

test("a failed install is loud in CI and a skip elsewhere", async () => {
  const result = await setUp(machineWith([], ["mosquitto"]));
  assert.equal(result.failed, false);
  assert.match(result.said.join("\n"), /could not install mosquitto-clients, nats-server[^]*:\nE: Unable[^]*skipped without nats-server/);
  assert.equal((await setUp(machineWith([], ["mosquitto"], { isCi: true }))).failed, true);
});

test("without root on Debian nothing is tried, and it is no failure in CI either", async () => {
  const machine = machineWith([], packages, { isRootOnDebian: false, isCi: true });
  assert.equal((await setUp(machine)).failed, false);
  assert.deepEqual(machine.asked, []);
});

test("need says why, or lets the test run", () => {
  for (const { binary } of servers) {
    const { skip } = need(binary);
    assert.equal(skip === false, findBinary(binary) !== undefined);
    if (skip !== false) assert.match(skip, /Debian package/);
  }
  assert.equal(findBinary("no-such-program-anywhere"), undefined);
});
