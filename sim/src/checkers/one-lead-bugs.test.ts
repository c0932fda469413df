import assert from "node:assert/strict";
import { test } from "node:test";
import { election, type ElectionMachine } from "@holon/core/site/election.ts";
import { limits } from "@holon/core/limits.ts";
import { countsReachable, forgetsVotes, leasesTooLong, neverStepsDown, votesAtOnce } from "../testing/election-bugs.ts";
import { bringUpSite, type LoneSite } from "../testing/lone-site.ts";

type Drama = (seed: number, machine: ElectionMachine) => Promise<LoneSite>;

async function withLead(members: number, seed: number, machine: ElectionMachine): Promise<{ readonly site: LoneSite; readonly lead: string; readonly others: readonly string[] }> {
  const site = await bringUpSite(members, { seed, election: machine });
  await site.until(() => site.lead() !== undefined);
  const lead = site.lead() ?? "";
  return { site, lead, others: site.names.filter((name) => name !== lead) };
}

/** The lead stands alone on its side of a split. */
const leadIsCutOff: Drama = async (seed, machine) => {
  const { site, lead, others } = await withLead(3, seed, machine);
  for (const name of others) site.fleet.net.cut(lead, name, { reset: true });
  await site.pass(40_000);
  return site;
};

/** The lead and one more on the one side, a majority on the other. */
const siteSplits: Drama = async (seed, machine) => {
  const { site, lead, others } = await withLead(5, seed, machine);
  const [friend = "", ...majority] = others;
  for (const name of majority) {
    site.fleet.net.cut(lead, name, { reset: true });
    site.fleet.net.cut(friend, name, { reset: true });
  }
  await site.pass(40_000);
  return site;
};

/** All lose power; the lead of the first term comes back last. */
const siteRestarts: Drama = async (seed, machine) => {
  const { site, lead, others } = await withLead(3, seed, machine);
  const machineOf = (name: string) => site.fleet.members.get(name)?.machine;
  for (const name of site.names) machineOf(name)?.crash("power");
  for (const name of others) machineOf(name)?.start();
  await site.pass(60_000);
  machineOf(lead)?.start();
  await site.pass(20_000);
  return site;
};

/** A rival that no longer hears the lead asks the one voter that renews the lease, just after that one has restarted. */
const voterRestarts: Drama = async (seed, machine) => {
  const { site, lead, others } = await withLead(3, seed, machine);
  const [rival = "", voter = ""] = others;
  site.fleet.net.cut(lead, rival, { reset: true });
  await site.pass(limits.sitePromiseMs + limits.siteElectionJitterMs);
  site.fleet.net.cut(lead, voter, { reset: true });
  site.fleet.members.get(voter)?.machine.crash("process", 20);
  await site.pass(30_000);
  return site;
};

const dramas: Readonly<Record<string, Drama>> = { leadIsCutOff, siteSplits, siteRestarts, voterRestarts };
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

for (const [name, drama] of Object.entries(dramas)) {
  test(`the right election passes: ${name}`, async () => {
    for (const seed of seeds.slice(0, 4)) {
      const { watch } = await drama(seed, election);
      assert.deepEqual(watch.violations, []);
      assert.ok(watch.terms >= 1);
    }
  });
}

const planted: readonly (readonly [string, () => ElectionMachine, Drama, RegExp])[] = [
  ["a lease longer than the promise", () => leasesTooLong, leadIsCutOff, /two leads/],
  ["a lead that never steps down", () => neverStepsDown, leadIsCutOff, /two leads/],
  ["a majority of the reachable members", countsReachable, siteSplits, /two leads|which .* led/],
  ["a vote that is not persisted", () => forgetsVotes, siteRestarts, /leads in term 1, which .* led/],
  ["a vote at once after a restart", () => votesAtOnce, voterRestarts, /two leads/],
];

for (const [bug, machine, drama, expected] of planted) {
  test(`the checker catches ${bug}`, async () => {
    const found: string[] = [];
    for (const seed of seeds) {
      found.push(...(await drama(seed, machine())).watch.violations);
      if (found.length > 0) break;
    }
    assert.match(found.join("\n"), expected);
  });
}
