/** Suite `encryption`: a durable append to an encrypted log beside the same append to a plain one, in the same rounds. */
import { join } from "node:path";
import { createCipher } from "@holon/platform/cipher.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openBenchLog } from "./bench-log.ts";
import { inBatches, makeRecords } from "./records.ts";
import { contender, repeated, runInTurns } from "./rounds.ts";
import { round } from "./statistics.ts";
import type { Suite } from "./suite.ts";

const poolRecords = 4000;
const sizes = [1, 100, 1000] as const;

export const encryptionSuite: Suite = {
  measures: "durable append of 200-byte records to an encrypted log against a plain one",
  async run({ folder, seconds, say }) {
    const records = makeRecords(poolRecords, "data");
    const figures: Record<string, number> = {};
    const ratios: Record<string, number> = {};
    for (const size of sizes) {
      const batches = inBatches(records, size);
      const cipher = createCipher(new Map([[1, new Uint8Array(32).fill(1)]]), 1);
      const logs = await Promise.all([openBenchLog("", "gateway-1", createDisk(join(folder, `plain-${size}`))), openBenchLog("", "gateway-1", createDisk(join(folder, `encrypted-${size}`)), cipher)]);
      const contenders = logs.map((log) => {
        let next = 0;
        return contender(repeated(() => log.append({ records: batches[next++ % batches.length] ?? [] })));
      });
      try {
        await runInTurns(contenders, { seconds });
        const [plain, encrypted] = contenders.map((each) => each.measured());
        if (plain === undefined || encrypted === undefined) continue;
        say(`batches of ${size}: plain ${round(plain.p50Ms)} ms, encrypted ${round(encrypted.p50Ms)} ms`);
        Object.assign(figures, { [`plainAppendMs${size}P50`]: plain.p50Ms, [`encryptedAppendMs${size}P50`]: encrypted.p50Ms, [`plainAppendMs${size}P99`]: plain.p99Ms, [`encryptedAppendMs${size}P99`]: encrypted.p99Ms });
        Object.assign(ratios, { [`encryptedVsPlain${size}`]: encrypted.p50Ms / plain.p50Ms, [`encryptedVsPlainMean${size}`]: plain.perSecond / encrypted.perSecond });
      } finally {
        for (const log of logs) await log.close();
      }
    }
    return { figures, ratios };
  },
};
