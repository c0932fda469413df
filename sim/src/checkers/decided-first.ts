/** Invariant P on the wire: when the first bytes of a lane leave a node in an epoch, the decision that lets them stands in the node's audit stream already, on its disk. */
import { crc32 } from "node:zlib";
import { decodeFrame, type FrameCodec } from "@holon/core/link/frame.ts";
import { laneName, type Log, type LogRecord } from "@holon/core/log/log.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import type { TappedFrame } from "../net.ts";

interface FirstSent {
  readonly node: string;
  readonly epoch: string;
  readonly lane: string;
  /** Where the node's audit stream ended then. */
  readonly auditThrough: number;
}

export class DecidedFirstWatch {
  readonly #codec: FrameCodec;
  readonly #sent = new Map<string, FirstSent>();

  constructor(codec: FrameCodec) {
    this.#codec = codec;
  }

  /** `log`: the sender's, at this moment. */
  see({ frame }: Pick<TappedFrame, "frame">, log: Pick<Log, "origin" | "epoch" | "head">): void {
    if (frame[0] !== 0) return;
    for (const lane of this.#lanesIn(frame)) {
      const key = `${log.epoch} ${lane}`;
      if (!this.#sent.has(key)) this.#sent.set(key, { node: log.origin, epoch: log.epoch, lane, auditThrough: log.head({ origin: log.origin, stream: "audit" })?.sequence ?? 0 });
    }
  }

  /** `audit`: of that node, all of it, as it was when it was read: what was sent since then is not judged. */
  violations(node: string, audit: readonly LogRecord[]): readonly string[] {
    const decided = new Map<string, number>();
    for (const { epoch, sequence, bytes } of audit) {
      const lane = laneDecided(bytes);
      if (lane !== undefined && !decided.has(`${epoch} ${lane}`)) decided.set(`${epoch} ${lane}`, sequence);
    }
    const readThrough = audit.at(-1)?.sequence ?? 0;
    const early = [...this.#sent].filter(([key, sent]) => sent.node === node && (decided.get(key) ?? (sent.auditThrough > readThrough ? 0 : Infinity)) > sent.auditThrough);
    return early.map(([key, { epoch, lane, auditThrough }]) => `${node} sent ${lane} in epoch ${epoch} when its audit stream ended at ${auditThrough}, and the decision ${decided.has(key) ? `is record ${decided.get(key)}` : "is nowhere"}`);
  }

  #lanesIn(frame: Uint8Array): readonly string[] {
    try {
      const { kind, header, payload } = decodeFrame(frame, this.#codec);
      if (kind !== "stream" || header.op !== "records") return [];
      return [...new Set((splitRuns(payload, { crc32: (bytes) => crc32(bytes), sha256: () => new Uint8Array(32) }) ?? []).map((run) => laneName(run.header)))];
    } catch {
      return []; // rubbish: somebody lies
    }
  }
}

function laneDecided(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString("utf8");
  if (!text.includes("holon.policy.decision.opened")) return undefined;
  const event: unknown = JSON.parse(text);
  const data = typeof event === "object" && event !== null && "data" in event ? event.data : undefined;
  return typeof data === "object" && data !== null && "lane" in data && "allow" in data && data.allow === true ? String(data.lane) : undefined;
}
