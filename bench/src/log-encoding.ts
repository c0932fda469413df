/** What the processor does for an append, without the disk: events to JSON, records to a run, and the two sums in it. */
import { encodeRun, runBytes, emptyHash } from "@holon/core/log/run.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { epochFromChance, isNodeName } from "@holon/core/units.ts";
import { integrity } from "./bench-log.ts";
import { makeEncoder } from "./records.ts";
import { contender, repeated, runInTurns } from "./rounds.ts";
import { round } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";

const count = 1000;

/** Times of 1000 records each, so that the timer's grain does not show. */
export async function measureEncoding(records: readonly NewRecord[], { seconds, say }: SuiteContext): Promise<Readonly<Record<string, number>>> {
  const contents = records.slice(0, count).map((record) => record.bytes);
  const makeEvent = makeEncoder();
  const encode = runEncoder(contents);
  const whole = encode();
  const contenders = {
    event: contender(
      repeated(() => {
        for (let index = 0; index < count; index++) makeEvent();
      }),
    ),
    run: contender(repeated(() => void encode())),
    sha256: contender(repeated(() => void integrity.sha256(whole))),
    crc32: contender(
      repeated(() => {
        for (const content of contents) integrity.crc32(content);
      }),
    ),
  };
  await runInTurns(Object.values(contenders), { seconds: seconds / 4 });
  const [event, run, sha256, crc32] = [contenders.event.measured(), contenders.run.measured(), contenders.sha256.measured(), contenders.crc32.measured()];
  say(`encoding: event ${round((1000 * event.p50Ms) / count)} µs; run of ${count} ${round(run.p50Ms)} ms, of that SHA-256 ${round(sha256.p50Ms)} ms and CRC-32 ${round(crc32.p50Ms)} ms`);
  return {
    encodeEventUsP50: (1000 * event.p50Ms) / count,
    encodeRunMs1000P50: run.p50Ms,
    encodeRunSha256Ms1000P50: sha256.p50Ms,
    encodeRunCrc32Ms1000P50: crc32.p50Ms,
  };
}

function runEncoder(records: readonly Uint8Array[]): () => Uint8Array {
  const origin = "gateway-1";
  if (!isNodeName(origin)) throw new Error(`${origin} is no node name`);
  const bytes = new Uint8Array(runBytes(origin, records.length, records.reduce((sum, record) => sum + record.length, 0)));
  const view = new DataView(bytes.buffer);
  const epoch = epochFromChance(new Uint8Array(13));
  const content = { origin, epoch, stream: "data", firstSequence: 1, previousHash: emptyHash, classes: 4, recordedMs: 0, records } as const;
  return () => {
    encodeRun(bytes, view, 0, content, integrity);
    return bytes;
  };
}
