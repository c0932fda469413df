/** Fills a log of suite `recovery` until it is killed: batches of 1000, four appends waiting, as when a backlog comes in. */
import { openBenchLog } from "./bench-log.ts";
import { inBatches, makeRecords } from "./records.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined || process.send === undefined) throw new Error("this is started by suite recovery, with a folder");
const log = await openBenchLog(folder);
const batches = inBatches(makeRecords(8000, "data"), 1000);
let records = 0;
process.once("disconnect", () => process.exit());
await Promise.all(Array.from({ length: 4 }, fill));

async function fill(): Promise<void> {
  for (let index = 0; ; index++) {
    const batch = batches[index % batches.length];
    if (batch === undefined) throw new Error("no batch");
    await log.append({ records: batch });
    records += batch.length;
    process.send?.({ sizeBytes: log.sizeBytes(), records });
  }
}
