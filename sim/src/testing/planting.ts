/** What bugs are planted with: the real program, changed at its ports, and the scenarios whose checkers must see it. */
import assert from "node:assert/strict";
import type { Connection, DiskFile, Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { holonProgram } from "../programs/program.ts";
import { scenarios } from "../run.ts";
import { runSeed } from "../scenario.ts";
import { settledProgram } from "../programs/settled.ts";
import type { SimSubject, SubjectProgram } from "../subject.ts";

export const right = await holonProgram();
/** What the scenarios run whose nodes have more than one history. */
export const settled = settledProgram(right);

/** The seeds are lived through from `first` on, and then from 1: the one that is known to show the bug comes first, so that a run is short. */
export async function caught(program: SubjectProgram, name: string, pattern: RegExp, seedsMax = 4, first = 1): Promise<void> {
  const known = scenarios.get(name);
  assert(known !== undefined, `${name} is a scenario`);
  const { program: _, ...scenario } = known;
  const seen: string[] = [];
  for (let index = 0; index < seedsMax; index++) {
    const seed = ((first - 1 + index) % seedsMax) + 1;
    // Healthy programs converge within seconds; the sick ones need not be watched for long.
    const { violations } = await runSeed({ ...scenario, convergeMsMax: 60_000 }, program, seed);
    if (violations.some((violation) => pattern.test(violation))) return;
    seen.push(...violations);
  }
  assert.fail(`not seen in ${seedsMax} seeds of ${name}; only: ${seen.slice(0, 5).join("; ")}`);
}

export const withPorts = (change: (ports: Ports, config: NodeConfig) => Ports, program = right): SubjectProgram => ({ ...program, boot: (config, ports) => program.boot(config, change(ports, config)) });
export const onGateways = (change: (ports: Ports) => Ports, program = right): SubjectProgram => withPorts((ports, { tier }) => (tier === "gateway" ? change(ports) : ports), program);
export const withSubject = (change: (subject: SimSubject, config: NodeConfig, ports: Ports) => SimSubject): SubjectProgram => ({
  ...right,
  boot: async (config, ports) => change(await right.boot(config, ports), config, ports),
});
export const withFiles = (change: (file: DiskFile, ports: Ports) => DiskFile): SubjectProgram =>
  onGateways((ports) => ({ ...ports, disk: { ...ports.disk, open: async (path, options) => change(await ports.disk.open(path, options), ports) } }));
/** Changes what is heard and said on a connection. */
export const heard = (connection: Connection, change: (frame: Uint8Array) => Uint8Array, maySend: (frame: Uint8Array) => boolean = () => true): Connection => ({
  peer: connection.peer,
  send: (frame) => {
    if (maySend(frame)) connection.send(frame);
  },
  queuedBytes: () => connection.queuedBytes(),
  traffic: () => connection.traffic(),
  close: (reason) => connection.close(reason),
  receive: (handlers) => connection.receive({ closed: (reason) => handlers.closed(reason), frame: (bytes) => handlers.frame(change(bytes)) }),
});
