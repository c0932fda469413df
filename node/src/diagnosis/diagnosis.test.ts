/** A node that is looked into over its link, in the simulated world. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnosisMethods, logsAnswerSchema, tailAnswerSchema } from "@holon/core/diagnosis/ask.ts";
import { reportSchema } from "@holon/core/diagnosis/results.ts";
import { childName, nodeName, parentName, running, SimFamily } from "../testing/sim-family.ts";

const by = { principal: "token machine", role: "machine", at: parentName };

/** Lets virtual time pass until the promise settles. */
async function settle<T>(family: SimFamily, promise: Promise<T>): Promise<T> {
  let over = false;
  const ended = (): void => void (over = true);
  promise.then(ended, ended);
  await family.until("it is answered", () => over);
  return promise;
}

const ask = (family: SimFamily, method: string, parameters: object): Promise<unknown> => settle(family, family.parentNode.diagnosis.desk.ask(childName, method, { by, ...parameters }, 20_000));

test("lines are told to whom stands above, in order, from where they were left; and who reads slowly learns what went by", async () => {
  const family = new SimFamily();
  await family.start();
  const { trace } = family.childNode;
  for (let line = 1; line <= 3; line++) trace.note("info", `line ${line} of the pump`);
  const first = logsAnswerSchema.parse(await ask(family, diagnosisMethods.logs, { session: "s" }));
  assert.deepEqual(first.lines.map(({ message }) => message).filter((message) => message.endsWith("pump")), ["line 1 of the pump", "line 2 of the pump", "line 3 of the pump"]);
  const waiting = ask(family, diagnosisMethods.logs, { session: "s", after: first.after, waitMs: 10_000 });
  family.world.after(500, () => trace.note("warn", "and a fourth"));
  assert.deepEqual(logsAnswerSchema.parse(await waiting).lines.map(({ message }) => message), ["and a fourth"]);
  for (let second = 0; second < 60; second++) {
    for (let line = 0; line < 45; line++) trace.note("info", `${second} ${line}`);
    await family.pass(1_100);
  }
  const late = logsAnswerSchema.parse(await ask(family, diagnosisMethods.logs, { session: "s", after: first.after }));
  assert.ok(late.missed > 600, `${late.missed} lines went by`);
  assert.ok(JSON.stringify(late).length < 20_000 && late.more, "one answer is bounded");
  const next = logsAnswerSchema.parse(await ask(family, diagnosisMethods.logs, { session: "s", after: late.after }));
  const numbers = [...late.lines, ...next.lines].map(({ id }) => Number(id.split("/")[1]));
  assert.deepEqual(numbers, numbers.map((_, index) => (numbers[0] ?? 0) + index), "without a gap");
});

test("a node that still starts while its link is open already answers: it looks for its siblings for as long as that takes", async () => {
  const name = nodeName("gateway-2");
  const family = new SimFamily(1, (own, ports) => {
    if (own !== name) return ports;
    const open: typeof ports.discovery.open = async (...what) => {
      await new Promise<void>((resolve) => ports.clock.after(20_000, resolve));
      return ports.discovery.open(...what);
    };
    return { ...ports, discovery: { open } };
  });
  family.parent.start();
  const links = { tier: "gateway", listen: `${name}:7401`, parent: `wss://${parentName}:7401`, siblings: [{ name: "gateway-3" }] };
  const machine = family.machine(name, links);
  machine.start();
  await family.until("its link is open", () => family.parent.subject?.status().children.some(({ node }) => node === name) === true);
  assert.equal(machine.subject, undefined, "it still starts");
  const told = await settle(family, family.parentNode.diagnosis.desk.ask(name, diagnosisMethods.logs, { by, session: "s" }, 5_000));
  assert.match(JSON.stringify(logsAnswerSchema.parse(told).lines), /gateway-2 of site starts/);
  assert.equal(machine.subject, undefined, "and did when it was asked");
});

test("too many lines at once are counted, and the same said again is one line", async () => {
  const family = new SimFamily();
  await family.start();
  const { trace } = family.childNode;
  await family.pass(2_000);
  for (let line = 0; line < 500; line++) trace.note("warn", `flood ${line}`);
  await family.pass(2_000);
  for (let line = 0; line < 5; line++) trace.note("warn", "the same");
  const { lines } = logsAnswerSchema.parse(await ask(family, diagnosisMethods.logs, { session: "s", level: "warn", limit: 2_000 }));
  assert.ok(lines.filter(({ message }) => message.startsWith("flood")).length <= 50);
  const last = lines.at(-1);
  assert.deepEqual([last?.message, last?.times, (last?.leftOut ?? 0) >= 450], ["the same", 5, true]);
});

test("a node answers nobody below it or beside it, and nobody whom its guard does not let", async () => {
  const family = new SimFamily();
  await family.start();
  await assert.rejects(settle(family, family.childNode.diagnosis.desk.ask(parentName, diagnosisMethods.logs, { by, session: "s" }, 5_000)), { code: "HOLON_CALL_DENIED" });
  for (const [principal, role] of [["person vera", "viewer"], ["token machine", "bootstrap"], ["person paul", "publisher"], ["node gateway-2", "owner"], ["function pump/judge", "owner"]]) {
    await assert.rejects(ask(family, diagnosisMethods.logs, { by: { principal, role, at: parentName }, session: "s" }), { code: "HOLON_POLICY_DENIED" }, `${principal} ${role}`);
  }
  const seen = tailAnswerSchema.parse(await ask(family, diagnosisMethods.events, { session: "s", stream: "audit", type: "holon.diagnosis.decided", limit: 20 }));
  assert.equal(seen.events.filter(({ data }) => JSON.stringify(data).includes(`"allow":false`)).length, 5, "each refusal is in the node's own trail");
});

test("a report says what is wrong, and what to do", async () => {
  const family = new SimFamily();
  await family.start();
  family.child.clock.state = "unknown";
  const { desk } = family.parentNode.diagnosis;
  const { id } = await settle(family, desk.request(childName, { kind: "report" }, by, 60_000));
  await settle(family, desk.settled(id, 60_000));
  const result = desk.result(id);
  assert.ok(result?.ok);
  const report = reportSchema.parse(result.value);
  assert.equal(report.node, childName);
  const wrong = report.findings.filter(({ state }) => state !== "ok");
  assert.ok(wrong.some(({ says }) => says.includes("its clock is unknown")), JSON.stringify(report.findings));
  for (const { next } of wrong) assert.ok((next ?? "").length > 10);
  await family.until("the node has dropped what the other has", () => family.childNode.log.cells("errand-result/").size === 0);
});

test("on a link with a budget an answer waits for its time, and an alarm does not wait for the answer", async () => {
  const family = new SimFamily();
  family.parent.start();
  const name = nodeName("gateway-2");
  const links = { parent: `wss://${parentName}:7401`, uplink: { budgetBytesPerHour: 256 << 10 } };
  const machine = family.machine(name, links);
  machine.start();
  await family.until("it is linked", () => machine.subject?.status().uplink?.state === "open");
  const node = running(machine);
  const words = family.world.random.fork("words");
  for (let second = 0; second < 20; second++) {
    for (let line = 0; line < 40; line++) node.trace.note("info", Array.from({ length: 40 }, () => words.integer(0, 1e9).toString(36)).join(" "));
    await family.pass(1_100);
  }
  const look = () => family.parentNode.diagnosis.desk.ask(name, diagnosisMethods.logs, { by, session: "s", limit: 2_000 }, 30_000);
  let isWaiting = false;
  for (let looks = 0; looks < 12 && !isWaiting; looks++) {
    isWaiting = true;
    look().then(() => (isWaiting = false), () => undefined);
    await family.pass(5_000);
  }
  assert.ok(isWaiting, "the budget was never spent");
  await settle(family, node.log.append({ records: [node.events.record({ stream: "alarm", type: "pump.alarm", class: "public", producer: "test", data: { hot: true } })] }));
  const head = () => family.parentNode.log.head({ origin: name, stream: "alarm" })?.sequence;
  const own = node.log.head({ origin: name, stream: "alarm" })?.sequence;
  await family.until("the alarm is there", () => head() === own, 3_000);
  assert.ok(isWaiting, "and the answer is not");
});

test("a request waits for a node that is away until its time is over; it can be taken back, and not without end be asked", async () => {
  const family = new SimFamily();
  family.parent.start();
  await family.until("the parent is up", () => family.parent.subject !== undefined);
  const { desk } = family.parentNode.diagnosis;
  const short = await settle(family, desk.request(childName, { kind: "report" }, by, 60_000));
  const taken = await settle(family, desk.request(childName, { kind: "report" }, by, 600_000));
  await settle(family, desk.cancel(taken.id, by));
  await settle(family, desk.settled(short.id, 120_000));
  assert.throws(() => desk.result(short.id), { code: "HOLON_DIAGNOSIS_EXPIRED" });
  assert.throws(() => desk.result(taken.id), { code: "HOLON_DIAGNOSIS_GONE" });
  assert.throws(() => desk.result("0123456789abcdef"), { code: "HOLON_DIAGNOSIS_GONE" });
  for (let asked = 0; asked < 16; asked++) await settle(family, desk.request(childName, { kind: "logs", level: "info", limit: 1 + asked }, by, 600_000));
  await assert.rejects(settle(family, desk.request(childName, { kind: "report" }, by, 600_000)), { code: "HOLON_DIAGNOSIS_FULL" });
  assert.deepEqual(desk.requests().slice(0, 2).map(({ state }) => state), ["expired", "cancelled"]);

  // A crash of the one who asks forgets nothing, and the node has it all when it comes.
  family.parent.crash("power");
  family.parent.start();
  family.child.start();
  await family.until("all are answered", () => (family.parent.subject?.diagnosis.desk.requests().filter(({ state }) => state === "done").length ?? 0) === 16, 300_000);
  await family.until("and dropped where they were made", () => family.childNode.log.cells("errand-result/").size === 0);
});
