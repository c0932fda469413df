/** One bug for each thing that is promised, planted in the real program at its ports: the checkers must see it within a few seeds. */
import assert from "node:assert/strict";
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { decodeFrame, encodeFrame, type StreamFrame } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName } from "@holon/core/log/log.ts";
import { zeroHash } from "@holon/core/log/merge.ts";
import { lastSequence } from "@holon/core/log/run.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import { planRetention } from "@holon/core/log/retention.ts";
import type { Connection, DiskFile, Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { SegmentLog } from "@holon/node/log/segment-log.ts";
import { holonProgram } from "./programs/program.ts";
import { scenarios } from "./run.ts";
import { runSeed } from "./scenario.ts";
import { settledProgram } from "./programs/settled.ts";
import type { SimSubject, SubjectProgram } from "./subject.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { caught, heard, onGateways, right, settled, withFiles, withPorts, withSubject } from "./testing/planting.ts";
import { takesAll } from "./testing/takes-all.ts";

const planted = takesTurns(3);

planted("skips the fsync", () => caught(withFiles((file) => ({ ...file, sync: () => Promise.resolve(), writeThrough: file.write })), "cut-and-heal", /lost|not in the log|did not boot|not converged/));

planted("skips the sync of names", () =>
  caught(withPorts((ports) => ({ ...ports, disk: { ...ports.disk, syncFolder: () => Promise.resolve() } })), "cut-and-heal", /lost|not in the log|did not boot|not converged/));

planted("acknowledges before the sync is done", () => {
  const later = (file: DiskFile, ports: Ports): DiskFile => {
    const sync = (): Promise<void> => Promise.resolve(void ports.clock.after(2_000, () => void file.sync().catch(() => undefined))); // closed meanwhile
    return { ...file, sync, writeThrough: (position, bytes) => file.write(position, bytes).then(sync) };
  };
  return caught(withFiles(later), "cut-and-heal", /lost|not in the log|not converged/, 4, 3);
});

planted("tells the device that a reading is safe before it is", () => {
  const early = (ports: Ports): Ports => ({
    ...ports,
    door: {
      open: (spec, sink) =>
        ports.door.open(spec, { ...sink, accept: (readings, offset) => Promise.resolve(void ports.clock.after(3_000, () => void sink.accept(readings, offset).catch(() => undefined))) }),
    },
  });
  return caught(onGateways(early), "cut-and-heal", /confirmed and are not in the log/);
});

planted("uses an epoch again", () =>
  caught(withPorts((ports) => ({ ...ports, random: { uniform: () => ports.random.uniform(), bytes: (length) => new Uint8Array(length).fill(7) } })), "cut-and-heal", /opened its log in epoch/));

planted("takes for received what the parent never marked", () => {
  const forgetful = (ports: Ports): Ports => {
    let count = 0;
    const isLost = (bytes: Uint8Array): boolean => {
      const frame = decodeFrame(bytes, ports.codec);
      return frame.kind === "stream" && frame.header.op === "records" && ++count % 3 === 0;
    };
    return {
      ...ports,
      net: {
        listen: (address, accepted) => ports.net.listen(address, accepted),
        connect: async (address) => heard(await ports.net.connect(address), (frame) => frame, (frame) => !isLost(frame)),
      },
    };
  };
  return caught(onGateways(forgetful), "cut-and-heal", /lost|not converged/, 12);
});

planted("does not wait for its parent, so that everything is queued on the line", async () => {
  const eager = (ports: Ports): Ports => ({
    ...ports,
    net: {
      listen: (address, accepted) => ports.net.listen(address, accepted),
      connect: async (address) => markedAtOnce(await ports.net.connect(address), ports),
    },
  });
  const quiet = settledProgram(right, { admission: takesAll }); // or the parent would cut it off
  const program: SubjectProgram = { ...quiet, boot: (config, ports) => quiet.boot(config, config.tier === "gateway" ? eager(ports) : ports) };
  const scenario = scenarios.get("narrow-links");
  assert(scenario !== undefined, "narrow-links is a scenario");
  const { violations } = await runSeed({ ...scenario, program: () => program, convergeMsMax: 10_000 }, program, 1);
  assert.ok(violations.some((violation) => /were queued from gateway-1/.test(violation)), violations.slice(0, 5).join("; "));
});

/** To its owner every record that it sends seems to be at the parent at once, and the parent's credit to have no end. */
function markedAtOnce(connection: Connection, { clock, codec }: Ports): Connection {
  let hand: (frame: Uint8Array) => void = () => undefined;
  const endless = [1e15, 1e15] as [number, number];
  return {
    ...heard(connection, (bytes) => {
      const { kind, header, payload } = decodeFrame(bytes, codec);
      return kind === "stream" && (header.op === "mark" || header.op === "subscribe") ? encodeFrame({ kind, header: { ...header, credit: endless }, payload }, codec) : bytes;
    }),
    receive: (handlers) => {
      hand = (frame) => handlers.frame(frame);
      connection.receive(handlers);
    },
    send: (bytes) => {
      connection.send(bytes);
      const { kind, header, payload } = decodeFrame(bytes, codec);
      if (kind !== "stream" || header.op !== "records") return;
      const runs = splitRuns(payload, { crc32: codec.crc32, sha256: () => new Uint8Array(32) }) ?? [];
      const lanes = runs.map(({ header: run }): [string, number, number] => [laneName(run), lastSequence(run), 0]);
      clock.after(1, () => hand(encodeFrame({ kind, header: { op: "mark", lanes, credit: endless } }, codec)));
    },
  };
}

/** What a child hears of its parent's stream frames is changed. */
const mishears = (change: (header: StreamFrame["header"]) => StreamFrame["header"]) => (ports: Ports): Ports => {
  const twist = (bytes: Uint8Array): Uint8Array => {
    const frame = decodeFrame(bytes, ports.codec);
    return frame.kind === "stream" ? encodeFrame({ ...frame, header: change(frame.header) }, ports.codec) : bytes;
  };
  return { ...ports, net: { listen: (address, accepted) => ports.net.listen(address, accepted), connect: async (address) => heard(await ports.net.connect(address), twist) } };
};

planted("does not compare its history with the parent's", () => {
  const trusting = mishears((header) => (header.op === "subscribe" ? { ...header, lanes: header.lanes.map(([lane, sequence]) => [lane, sequence, zeroHash]) } : header));
  return caught(onGateways(trusting, settled), "clone", /lost|not converged/);
});

planted("begins a branch where everything begins", () => {
  const forgetful = mishears((header) => (header.op === "common" && header.found !== undefined ? { ...header, found: { ...header.found, point: limits.historyPointsMax } } : header));
  // At each hop: an edge that searches rightly finds in what a gateway sends it twice the part that the cloud has, and sends on the rest alone.
  return caught(withPorts(forgetful, settled), "restore-from-backup", /doubled at the cloud/, 12, 11);
});

planted("holds back what its parent has another history of", () => {
  const meek = mishears((header) => (header.op === "subscribe" ? { ...header, lanes: header.lanes.filter(([lane]) => !lane.includes("~")) } : header));
  return caught(onGateways(meek, settled), "clone", /lost|not converged/);
});

planted("asks for the same again and again", () => {
  const nagging = (ports: Ports): Ports => {
    const nag = (connection: Connection): Connection => {
      let question: Uint8Array | undefined;
      let left = 25; // each one makes the child send all again: a few show it
      const send = (bytes: Uint8Array): void => {
        const { header } = decodeFrame(bytes, ports.codec);
        if (question === undefined && "op" in header && header.op === "subscribe") question = bytes;
        connection.send(bytes);
        if (question !== undefined && left-- > 0) connection.send(question);
      };
      return { ...heard(connection, (bytes) => bytes), send };
    };
    return { ...ports, net: { connect: (address) => ports.net.connect(address), listen: (address, accepted) => ports.net.listen(address, (connection) => accepted(nag(connection))) } };
  };
  return caught(withPorts(nagging), "cut-and-heal", /says to .* more than/);
});

planted("lets go of alarms that nobody else has", () => {
  const prune = (subject: SimSubject, config: NodeConfig): SimSubject => {
    const { log } = subject;
    if (config.tier !== "gateway" || !(log instanceof SegmentLog)) return subject;
    const safe = { get: () => Number.POSITIVE_INFINITY } as unknown as ReadonlyMap<string, number>; // a map that says of everything that it is safe
    const event = { type: "test.expired", source: "/test/log", time: "2026-01-01T00:00:00.000Z", recordedtime: "2026-01-01T00:00:00.000Z", clock: "synced", class: "public", jurisdiction: "EU/DE", data: {} } as const;
    let busy = false;
    log.onCommit(({ lanes }) => {
      if (busy || !lanes.some(({ stream }) => stream === "alarm")) return;
      busy = true;
      void (async () => {
        await log.roll();
        const policy = { streams: { alarm: { maxBytes: 1 } } };
        await log.retain(
          (parts, totalBytes) => planRetention({ policy, nowMs: 0, parts, totalBytes, safe, read: new Map(), needBytes: 0 }),
          () => ({ stream: "audit", class: "public", bytes: encodeStoredEvent(event) }),
        );
        busy = false;
      })();
    });
    return subject;
  };
  return caught(withSubject(prune), "cut-and-heal", /let go of before they were safe/, 12, 4);
});

planted("says nothing of what is damaged", () => caught(withSubject((subject) => ({ ...subject, missing: () => Promise.resolve([]) })), "rubbish-everywhere", /lost/, 12, 2));

planted("calls damaged what is there", () => {
  const cries = (subject: SimSubject, config: NodeConfig): SimSubject => (config.tier === "cloud" ? { ...subject, missing: () => Promise.resolve([{ first: 1, last: 2, reason: "damaged" }]) } : subject);
  return caught(withSubject(cries), "cut-and-heal", /every node on the way has them/);
});

planted("lets raw readings out under another class", async () => {
  const leaky = await holonProgram({}, `export default {
    kind: "holon.function", on: { type: "sim.reading" }, models: [],
    emits: { "sim.count": { stream: "data", class: "aggregate" }, "sim.alarm": { stream: "alarm", class: "derived" } },
    run(event, context) { context.emit("sim.count", { data: event.data }); },
  };`);
  await caught(leaky, "cut-and-heal", /planted marker/);
});

planted("needs its parent to start", () => {
  const dependent: SubjectProgram = {
    ...right,
    boot: async (config, ports) => {
      if (config.parent !== undefined) (await ports.net.connect(config.parent)).close("reached");
      return right.boot(config, ports);
    },
  };
  return caught(dependent, "cold-boot-alone", /did not come up without its link/, 1);
});

planted("falls over a frame that is rubbish", () => {
  const fragile = (ports: Ports): Ports => ({
    ...ports,
    net: {
      connect: (address) => ports.net.connect(address),
      listen: (address, accepted) => ports.net.listen(address, (connection) => accepted(heard(connection, (bytes) => (decodeFrame(bytes, ports.codec), bytes)))),
    },
  });
  return caught(withPorts(fragile), "lying-peer", /HOLON_FRAME_BAD/);
});
