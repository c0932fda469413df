import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockHardware } from "./clock.ts";
import { identityContract } from "./contracts/identity.ts";
import { Passport, SimAuthority } from "./identity.ts";
import { bringUpSite, type LoneSite } from "./testing/lone-site.ts";
import { World } from "./world.ts";

const day = 86_400_000;

identityContract("sim", () => {
  const authority = new SimAuthority(day);
  const clock = new ClockHardware(new World(1));
  const passport = (node: string): Passport => new Passport(authority, clock, { node, site: "plant", tier: "gateway" });
  const stolen = (): Promise<SimAuthority> => {
    authority.series += 1;
    return Promise.resolve(authority);
  };
  return { port: { one: passport("gateway-1"), other: passport("gateway-2"), authority: authority.copy(), foreign: new SimAuthority(day), stolen }, drive: (work) => work, dispose: () => Promise.resolve() };
});

const versions = ({ names, fleet }: LoneSite): readonly number[] => names.map((name) => fleet.members.get(name)?.machine.identity.passport?.revocationsVersion() ?? -1);
const allLinked = ({ names, status }: LoneSite) => (): boolean => names.every((name) => status(name).reachable.length === names.length);

test("a member that is cut off from above hears from a sibling who was revoked, and refuses it", async () => {
  const site = await bringUpSite(3, { certificateMs: 30 * day });
  await site.until(allLinked(site));
  site.fleet.net.cut("gateway-2", "cloud", { reset: true });
  await site.until(() => site.node("gateway-2").status().uplink?.state !== "open");
  const number = (await site.world.drive(site.fleet.authority?.checkRenewal(await passportOf(site, "gateway-3").renewal()) ?? Promise.reject(new Error("no authority")))).number;
  const list = await site.fleet.authority?.sign({ version: 2, revoked: [{ node: "gateway-3", through: number }] });
  assert.ok(list !== undefined);
  await passportOf(site, "cloud").revoke(list);
  site.node("cloud").revoked();
  await site.until(() => versions(site)[0] === 2 && versions(site)[1] === 2);
  await site.until(() => ["gateway-1", "gateway-2"].every((name) => site.status(name).reachable.every((member) => member !== "gateway-3")));
  await site.pass(60_000);
  assert.deepEqual(site.status("gateway-2").reachable, ["gateway-1", "gateway-2"], "it does not come in again");
  assert.equal(site.node("gateway-3").status().uplink?.problem?.code, "HOLON_IDENTITY_REVOKED");
});

test("who was away hears of it when its link opens", async () => {
  const site = await bringUpSite(2, { certificateMs: 30 * day });
  await site.until(allLinked(site));
  for (const other of ["cloud", "gateway-1"]) site.fleet.net.cut("gateway-2", other, { reset: true });
  const list = await site.fleet.authority?.sign({ version: 5, revoked: [{ node: "gateway-9", through: 1 }] });
  assert.ok(list !== undefined);
  await passportOf(site, "cloud").revoke(list);
  site.node("cloud").revoked();
  await site.until(() => versions(site)[0] === 5);
  assert.equal(versions(site)[1], 0);
  site.fleet.net.heal("gateway-2", "cloud");
  await site.until(() => versions(site)[1] === 5);
});

function passportOf({ fleet }: LoneSite, name: string): Passport {
  const passport = fleet.members.get(name)?.machine.identity.passport;
  assert.ok(passport !== undefined);
  return passport;
}
