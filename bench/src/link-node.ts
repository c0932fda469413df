/** One real node of the bench: the ports of this machine behind it, with what the bench counts looked at on its way through. */
import { isNodeName } from "@holon/core/units.ts";
import type { Codec, Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { openNode, type HolonNode } from "@holon/node/node.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDiscovery } from "@holon/platform/discovery.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createDoor } from "@holon/platform/door.ts";
import { createHostStats } from "@holon/platform/host-stats.ts";
import { createModel } from "@holon/platform/model.ts";
import { createNet } from "@holon/platform/net.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createRunner } from "@holon/platform/runner.ts";
import { createSecrets } from "@holon/platform/secrets.ts";
import { createTrace } from "@holon/platform/trace.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { benchAuthority, certify } from "./certify.ts";
import { tellFrames } from "./tell-frames.ts";

/** What zstd took and gave since the node opened. */
export interface ZstdCount {
  plainBytes: number;
  packedBytes: number;
  compressMs: number;
  decompressMs: number;
}

export interface BenchNode {
  readonly node: HolonNode;
  readonly identity: NodeIdentity;
  readonly zstd: Readonly<ZstdCount>;
  /** Processes beside this one that hold its functions. */
  runnerPids(): readonly number[];
  /** Resolves when the parent has acknowledged everything that this node's log holds. */
  delivered(): Promise<void>;
  close(): Promise<void>;
}

export type BenchNodeConfig = Pick<NodeConfig, "name" | "tier" | "listen" | "parent" | "telemetry">;

export async function openBenchNode(folder: string, { name, ...rest }: BenchNodeConfig): Promise<BenchNode> {
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const config: NodeConfig = { apiVersion: "holon/v1", site: "bench", jurisdiction: "EU", control: false, siblings: [], name, ...rest };
  const clock = createClock();
  // Whoever listens has the authority; others were certified by it before.
  const identity = config.listen === undefined ? await NodeIdentity.open(folder, clock) : await certify(await benchAuthority(folder), folder, config);
  const model = createModel();
  const runner = createRunner();
  const zstd: ZstdCount = { plainBytes: 0, packedBytes: 0, compressMs: 0, decompressMs: 0 };
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const check of waiting) check();
  };
  const ports: Ports = {
    clock,
    random: createRandom(),
    disk: createDisk(folder),
    net: tellFrames(createNet({ name, identity }), wake),
    discovery: createDiscovery([]),
    crypto: createCrypto(),
    codec: countZstd(createCodec(), zstd),
    model,
    runner,
    door: createDoor({ clock, hostStats: createHostStats(clock) }),
    secrets: createSecrets(folder),
    ...(rest.telemetry === undefined ? {} : { host: createHostStats(clock, folder) }),
    trace: createTrace({ name, level: "warn", output: process.stderr }),
  };
  const node = await openNode(config, ports);
  return {
    node,
    identity,
    zstd,
    runnerPids: () => runner.pids(),
    delivered: () =>
      new Promise((resolve) => {
        const check = (): void => {
          if (node.status().uplink?.backlog !== 0) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    close: async () => {
      await node.close();
      await runner.close();
      await model.close();
    },
  };
}

function countZstd(codec: Codec, count: ZstdCount): Codec {
  return {
    crc32: codec.crc32,
    compress(bytes, dictionary) {
      const startMs = performance.now();
      const packed = codec.compress(bytes, dictionary);
      count.compressMs += performance.now() - startMs;
      count.plainBytes += bytes.length;
      count.packedBytes += packed.length;
      return packed;
    },
    decompress(bytes, maxBytes, dictionary) {
      const startMs = performance.now();
      const plain = codec.decompress(bytes, maxBytes, dictionary);
      count.decompressMs += performance.now() - startMs;
      return plain;
    },
  };
}
