/** What a unit holds is looked for, in the bytes of every file of every node, while the unit moves. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", jurisdiction: "EU/FR", inventory },
];
const marker = new TextEncoder().encode("the pump of Mrs Mallory stood still at 04:17");
const needles = [Buffer.from(marker), Buffer.from(Buffer.from(marker).toString("base64"))];

const sum = (jurisdictions: readonly string[]): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version: "1",
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { jurisdictions, tiers: ["edge"] } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

/** `node file` of those in which the marker is found. */
function found({ fleet }: ControlFleet): readonly string[] {
  return members.flatMap(({ name }) => {
    const files = [...(fleet.members.get(name)?.machine.medium.names.files ?? [])];
    return files.flatMap(([path, content]) => {
      const bytes = Buffer.from(content.read(0, content.size));
      return needles.some((needle) => bytes.includes(needle)) ? [`${name} ${path}`] : [];
    });
  });
}

const filesOf = ({ fleet }: ControlFleet, name: string, folder: string): readonly string[] => [...(fleet.members.get(name)?.machine.medium.names.files.keys() ?? [])].filter((path) => path.startsWith(`${folder}/`));
const stateAt = (fleet: ControlFleet, name: string) => fleet.fleet.members.get(name)?.machine.subject?.log.cell("state/pump/sum/last");

/** Moves the unit with the marker in its state; `looked` sees the fleet while control holds it, after it was taken, and after it was forgotten. */
async function move(isEncrypted: boolean, looked: (when: "held" | "taken" | "forgotten", fleet: ControlFleet) => void): Promise<void> {
  const fleet = await ControlFleet.start(members, { isEncrypted, certificateMs: 30 * 86_400_000 });
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(sum(["EU/DE"])));
  await fleet.until("it runs", () => fleet.runningOn("edge-1").includes("pump/sum"));
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: marker }] }) ?? assert.fail("edge-1 is down"));
  fleet.fleet.net.cut("edge-2", "cloud");
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"])));
  await fleet.until("control holds it", () => filesOf(fleet, "cloud", "states").some((path) => /\/[0-9a-f]{64}$/.test(path)));
  looked("held", fleet);
  fleet.fleet.net.heal("edge-2", "cloud");
  await fleet.until("it was taken", () => fleet.runningOn("edge-2").includes("pump/sum") && fleet.control.moves().length === 0);
  assert.deepEqual(stateAt(fleet, "edge-2"), marker);
  looked("taken", fleet);
  await fleet.until("it was forgotten", () => stateAt(fleet, "edge-1") === undefined);
  looked("forgotten", fleet);
}

test("where logs are encrypted, what a unit holds is readable in no file of the node that it leaves, of control, or of the node that it comes to, and is no blob; control lets go of it", async () => {
  await move(true, (when, fleet) => {
    assert.deepEqual(found(fleet), [], when);
    assert.equal(filesOf(fleet, "cloud", "states").length, when === "held" ? 1 : 0, when);
    for (const name of ["edge-1", "edge-2"]) assert.deepEqual(filesOf(fleet, name, "states"), [], `${name} ${when}`);
  });
});

test("where they are not, the search finds it, in logs and with control alone: it proves something", async () => {
  await move(false, (when, fleet) => {
    const places = new Set(found(fleet).map((place) => place.replace(/[^/ ]*$/, "")));
    assert.deepEqual([...places].filter((place) => place.includes("blobs")), []);
    assert.equal(places.has("cloud states/"), when === "held");
    assert.ok([...places].some((place) => place.startsWith("edge-1 ")), when);
  });
});
