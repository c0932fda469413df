/** What tokens and approvals are held to: who made or gave them, what they were for, and the time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { Office, password } from "../testing/office.ts";

test("an approval is worth what its giver may by the time of the call, and is for the password that was asked with", async () => {
  const office = await Office.open();
  const may = "permit also-vera\n  who person vera\n  does call\n  what POST/v1/approvals/{approval}/approve\n";
  office.policy = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app} POST/v1/users\n";
  const [otto, oskar, vera] = [await office.add("otto", "owner"), await office.add("oskar", "operator"), await office.add("vera", "viewer")];
  const olga = await office.login("olga");
  const remove = (app: string) => office.call(otto, "DELETE", "/v1/apps/{app}", { params: { app } });
  const idOf = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
    assert.ok(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING", String(error));
    return /waits as (\w+)/.exec(error.message)?.[1] ?? "";
  };
  const approve = (id: string, by: Caller) => office.drive(office.people.approve(id, by));

  const id = await idOf(remove("pump"));
  await approve(id, oskar);
  await assert.rejects(approve(id, olga), hasCode("HOLON_APPROVAL_BAD", /approved by person oskar already/));
  await office.drive(office.people.setRole("oskar", "viewer", olga));
  await assert.rejects(remove("pump"), hasCode("HOLON_APPROVAL_PENDING", new RegExp(`waits as ${id}, since person oskar, who approved it, may not any more`)));
  assert.equal(office.people.approvals().find((one) => one.id === id)?.by, undefined);
  await office.fleet.restart("cloud");
  await assert.rejects(remove("pump"), hasCode("HOLON_APPROVAL_PENDING"));
  await approve(id, await office.login("olga"));
  await assert.rejects(remove("pump"), hasCode("HOLON_APP_MISSING"), "it may be made");

  const gone = await idOf(remove("fan"));
  await office.drive(office.people.setRole("oskar", "operator", olga));
  await approve(gone, oskar);
  await office.drive(office.people.removeUser("oskar", olga));
  await office.drive(office.people.addUser({ name: "oskar", role: "operator", password }, machineCaller));
  await assert.rejects(remove("fan"), hasCode("HOLON_APPROVAL_PENDING"), "another oskar is another person");

  const byRule = await idOf(remove("mill"));
  await office.call(olga, "PUT", "/v1/policy", { body: { text: `policy plant 1\n${may}` } });
  await approve(byRule, vera);
  await office.call(olga, "PUT", "/v1/policy", { body: { text: "policy plant 2\n" } });
  await assert.rejects(remove("mill"), hasCode("HOLON_APPROVAL_PENDING"), "the rule that let her is gone");
  await office.call(olga, "PUT", "/v1/policy", { body: { text: `policy plant 3\n${may}` } });
  await assert.rejects(remove("mill"), hasCode("HOLON_APP_MISSING"));

  const add = (word: string) => office.call(otto, "POST", "/v1/users", { body: { name: "nora", role: "viewer", password: word } });
  const [one, other] = [await idOf(add("the words that were asked")), await idOf(add("other words than those"))];
  assert.notEqual(one, other);
  assert.equal(await idOf(add("the words that were asked")), one);
  await approve(one, olga);
  assert.equal(await idOf(add("other words than those")), other);
  await office.fleet.restart("cloud");
  assert.equal((await add("the words that were asked")).status, 200);
  await office.login("nora", "the words that were asked");
  for (const type of ["holon.approval.asked", "holon.approval.used"]) assert.ok(!JSON.stringify(await office.trail(type)).includes("sim$"), type);
  await office.drive(office.people.reject(other, "no", olga));
  assert.deepEqual([...office.fleet.log.cells("approval/").keys()].toSorted(), office.people.approvals().map(({ id: left }) => `approval/${left}`).toSorted());
});

test("what has ended stays so with a clock that nobody set, and a moment ahead ends nothing", async () => {
  const office = await Office.open();
  const clock = office.fleet.fleet.members.get("cloud")?.machine.clock ?? assert.fail();
  clock.state = "unknown";
  const hour = 3_600_000;
  const olga = await office.login("olga");
  const make = async (name: string, forMs: number): Promise<string> => (await office.drive(office.people.addToken({ name, role: "owner", forMs }, olga))).token;
  const [short, long] = [await make("short", 2_000), await make("long", 90 * 24 * hour)];
  const hold = (): readonly boolean[] => [short, long].map((token) => office.people.callerOf(token) !== undefined);
  assert.deepEqual(hold(), [true, true]);
  await office.sleep(3 * hour);
  clock.stepWall(-24 * hour);
  assert.deepEqual(hold(), [false, true], "set back while it runs");
  for (const life of [1, 2]) {
    await office.fleet.restart("cloud");
    assert.deepEqual(hold(), [false, true], `life ${life} with the clock in the past`);
  }
  clock.stepWall(10 * 365 * 24 * hour);
  assert.deepEqual(hold(), [false, false], "as the clock says");
  const { token: ahead } = await office.drive(office.people.addToken({ name: "ahead", role: "owner", forMs: 2_000 }, machineCaller));
  clock.stepWall(-10 * 365 * 24 * hour);
  assert.deepEqual(hold(), [false, true], "and as it says again");
  assert.equal(office.people.callerOf(ahead), undefined, "made when it stood far ahead");
  clock.synchronise();
  assert.deepEqual(hold(), [false, true]);
});

test("a start with a clock years ahead ends nothing for good, and what is made by the time that was believed does not outlive its time", async () => {
  const office = await Office.open();
  const clock = office.fleet.fleet.members.get("cloud")?.machine.clock ?? assert.fail();
  clock.state = "unknown";
  const day = 86_400_000;
  const make = async (name: string, forMs: number): Promise<string> => (await office.drive(office.people.addToken({ name, role: "owner", forMs }, machineCaller))).token;
  const holds = (token: string): boolean => office.people.callerOf(token) !== undefined;
  const long = await make("long", 90 * day);
  clock.stepWall(10 * 365 * day);
  await office.fleet.restart("cloud");
  assert.equal(holds(long), false, "as the clock says");
  await office.sleep(3 * limits.fleetTimeKeptMs); // what is known is kept
  await make("meanwhile", 60_000);
  clock.stepWall(-10 * 365 * day);
  assert.equal(holds(long), true, "and as it says again");
  await office.fleet.restart("cloud");
  assert.equal(holds(long), true);

  // By a season ahead it may be right: control may have stood still for so long.
  clock.stepWall(80 * day);
  await office.fleet.restart("cloud");
  clock.stepWall(-80 * day);
  assert.equal(holds(await make("season", day)), true);
  const brief = await make("brief", 2_000);
  assert.equal(holds(brief), true);
  clock.synchronise();
  assert.equal(holds(brief), false, "made by a time that was not");
});

test("a token gets round no rule for the person who made it, and an approval for them is none of theirs", async () => {
  const office = await Office.open();
  const [otto, olga] = [await office.add("otto", "owner"), await office.login("olga")];
  const tokenOf = async (name: string, role: "owner" | "viewer", by: Caller): Promise<Caller> => office.people.callerOf((await office.drive(office.people.addToken({ name, role, forMs: 1e9 }, by))).token) ?? assert.fail();
  const [his, hers, small] = [await tokenOf("his", "owner", otto), await tokenOf("hers", "owner", olga), await tokenOf("small", "viewer", olga)];
  office.policy = "policy careful 1\nforbid not-otto\n  who person otto\n  does call\n  what GET/v1/models\nforbid no-viewer\n  who person olga\n  does call\n  what GET/v1/apps\n  when role viewer\napprove four-eyes\n  who person *\n  does call\n  what PUT/v1/policy\n";
  const text = "policy plant 1\npermit runs\n  who any\n  does run open use\n";
  const adopt = (caller: Caller) => office.call(caller, "PUT", "/v1/policy", { body: { text } });
  for (const caller of [otto, his]) {
    await assert.rejects(office.call(caller, "GET", "/v1/models"), hasCode("HOLON_POLICY_DENIED", /person otto/));
    await assert.rejects(adopt(caller), hasCode("HOLON_APPROVAL_PENDING"));
  }
  const [id = ""] = office.people.approvals().filter(({ who }) => who === "token his").map((one) => one.id);
  await assert.rejects(office.drive(office.people.approve(id, otto)), hasCode("HOLON_APPROVAL_BAD", /otto asked/));
  for (const caller of [olga, hers, small]) assert.equal((await office.call(caller, "GET", "/v1/models")).status, 200);
  assert.equal((await office.call(small, "GET", "/v1/apps")).status, 200, "its maker is an owner");
  await office.drive(office.people.approve(id, olga));
  assert.equal((await adopt(his)).status, 200);
  assert.deepEqual((await office.trail("holon.api.refused")).map(({ who }) => who), ["person otto", "token his"]);
});
