/** For each invariant of docs/internals/log.md a bug that breaks it. */
import type { Plant } from "./plant.ts";

const lost = /lost|not in the log|did not boot|not converged/;

export const logPlants: readonly Plant[] = [
  {
    invariant: "log 1",
    bug: "acknowledges what is written and not synced",
    edits: [{ file: "node/src/log/segment-log.ts", find: "await segment.file.writeThrough(segment.size, bytes);", put: "await segment.file.write(segment.size, bytes);" }],
    seen: { scenario: "cut-and-heal", seeds: [1, 2, 3, 4], says: lost },
  },
  {
    invariant: "log 2",
    bug: "stores readings in one batch and how far the source was read in the next",
    edits: [{ file: "node/src/door/sources.ts", find: "await appendInOrder({ records, cells }));", put: "await appendInOrder({ records }));\n        await appendInOrder({ cells });" }],
    seen: { scenario: "power-cut-everywhere", seeds: [1, 2, 3, 4], says: /are doubled in the log/ },
  },
  {
    invariant: "log 3",
    bug: "leaves a sequence out where an epoch begins",
    edits: [{ file: "node/src/log/commit.ts", find: "firstSequence: (head?.sequence ?? 0) + 1, count: 0", put: "firstSequence: (head?.sequence ?? 0) + (head === undefined || head.epoch === context.epoch ? 1 : 2), count: 0" }],
    seen: { scenario: "cut-and-heal", seeds: [1, 2], says: /not converged|damaged/ },
  },
  {
    invariant: "log 4",
    bug: "uses an epoch again",
    edits: [{ file: "node/src/log/segment-log.ts", find: "epochFromChance(options.random.bytes(13))", put: "epochFromChance(new Uint8Array(13).fill(7))" }],
    seen: { scenario: "cut-and-heal", seeds: [1, 2], says: /opened its log in epoch/ },
  },
  {
    invariant: "log 5",
    bug: "does not sync the name of a new segment",
    edits: [{ file: "node/src/log/segment-log.ts", find: "await file.sync();\n      await disk.syncFolder(\"log\");", put: "await file.sync();" }],
    seen: { scenario: "cut-and-heal", seeds: [1, 2, 3, 4], says: lost },
  },
  {
    invariant: "log 6",
    bug: "acknowledges what the full disk refused",
    edits: [{ file: "node/src/log/segment-log.ts", find: "if (outcome === \"written\") this.#publish(commit);", put: "if (outcome === \"written\" || (outcome !== \"over\" && outcome.code === \"HOLON_DISK_FULL\")) {\n        this.#publish(commit);\n        this.#isFull = outcome !== \"written\";\n      }" }],
    seen: { scenario: "disk-full", seeds: [1, 2, 3], says: /lost|not in the log|damaged|did not boot/ },
  },
  {
    invariant: "log 7",
    bug: "does not open over a batch that cannot be read",
    edits: [{ file: "node/src/log/recover.ts", find: "const end = batch?.end ?? next ?? segment.file.size();", put: "if (batch === undefined) throw new HolonError(\"HOLON_DISK_FAILED\", \"a batch cannot be read\");\n    const end = batch.end;" }],
    seen: { scenario: "rubbish-everywhere", seeds: [1, 2, 3, 4], says: /did not boot|is booting|is down/ },
  },
  {
    invariant: "log 8",
    bug: "takes whatever cannot be read at the end for torn, and cuts it off",
    edits: [{ file: "node/src/log/recover.ts", find: "if (next === undefined && isLast && (await looksTorn(segment.file, offset, integrity))) {", put: "if (isLast) {" }],
    seen: { scenario: "rubbish-everywhere", seeds: [1, 2, 3, 4], says: /lost|did not tell|not in the log|opened its log/ },
  },
  {
    invariant: "log 9",
    bug: "takes a segment without a snapshot for the beginning",
    edits: [{ file: "node/src/log/read-lane.ts", find: "if (heads !== undefined && (heads.get(laneName(lane)) ?? 0) < fromSequence) return position;", put: "if ((heads?.get(laneName(lane)) ?? 0) < fromSequence) return position;" }],
    seen: { scenario: "rubbish-everywhere", seeds: [4, 1, 2, 3], says: /did not tell|every node on the way has them|not in the log/ },
  },
  {
    invariant: "log 10",
    bug: "gives up a whole run, and tells of the record in it that is damaged",
    edits: [{ file: "node/src/log/read-lane.ts", find: "if (checked === undefined || checked.damaged === 0) return checked;", put: "if (checked !== undefined) return checked.damaged === 0 ? checked : undefined;\n    if (checked === undefined) return undefined;" }],
    seen: { scenario: "rubbish-everywhere", seeds: [1, 2, 3, 4, 5, 6], says: /did not tell/ },
  },
  {
    invariant: "log 11",
    bug: "writes no epilogue",
    edits: [{ file: "node/src/log/epilogue.ts", find: "await log.append({});", put: "" }],
    seen: { test: "node/src/log/epilogue.test.ts", title: "the newest records of a node that came to rest are told one by one if they are damaged while it is down, and their places are not used again" },
  },
  {
    invariant: "log 12",
    bug: "does not know its log for one that ends early",
    edits: [{ file: "node/src/link/standing.ts", find: "return { kind: \"restored\", endsEarly: isOwn };", put: "return { kind: \"cloned\", endsEarly: false };" }],
    seen: { scenario: "restore-from-backup", seeds: [1, 2, 3, 4, 5, 6], says: /tells of .* that it was cloned, and it was put back/ },
  },
  {
    invariant: "log 13",
    bug: "does not read sealed segments again",
    edits: [{ file: "node/src/log/scrub.ts", find: "if (place === undefined) return nothing;", put: "if (maxBytes > 0) return nothing;\n      if (place === undefined) return nothing;" }],
    seen: { test: "node/src/log/scrub.test.ts", title: "a flipped bit in a sealed segment is mended on the disk while the node runs, and nobody has to be told" },
  },
  {
    invariant: "log 14",
    bug: "reads a run whose header promises more than there may be",
    edits: [{ file: "core/src/log/preamble.ts", find: "addedBytes > limits.runSharedBytesMax ? undefined : {", put: "{" }],
    seen: { test: "core/src/log/preamble.test.ts", title: "what would be beyond bounds as it is read is no run" },
  },
  {
    invariant: "log 15",
    bug: "takes the stamp of a branch into the hash",
    edits: [{ file: "core/src/log/run.ts", find: "unbranched.fill(0, branchFrom - coveredFrom, branchEnd - coveredFrom);", put: "" }],
    seen: { scenario: "clone", seeds: [1, 2, 3, 4], says: /lost|not converged/ },
  },
  {
    invariant: "log 16",
    bug: "takes the index for the whole segment, also where it was not made to its end",
    edits: [{ file: "node/src/log/find.ts", find: "if (describedBytes < size) parts.push(", put: "if (describedBytes > size) parts.push(" }],
    seen: { test: "node/src/log/find.test.ts", title: "what is found is what a scan of everything finds, whatever the question and however far the survey is" },
  },
  {
    invariant: "log 17",
    bug: "appends wait for a question that reads",
    edits: [
      { file: "node/src/log/segment-log.ts", find: "const item = await this.#enqueue(entry, []);", put: "await Reflect.get(this, \"reading\");\n    const item = await this.#enqueue(entry, []);" },
      { file: "node/src/log/segment-log.ts", find: "return findRecords(query, {", put: "return Object.assign(this, { reading: findRecords(query, {" },
      { file: "node/src/log/segment-log.ts", find: "expiredThrough: (lane) => this.#expiredThrough(lane) });\n  }\n\n  /** Ranges", put: "expiredThrough: (lane) => this.#expiredThrough(lane) }) }).reading;\n  }\n\n  /** Ranges" },
    ],
    seen: { test: "node/src/log/find.test.ts", title: "reading does not hold up writing: appends go on while a question waits for the disk" },
  },
  {
    invariant: "log 18",
    bug: "believes the clock that stamped a record, whatever it says",
    edits: [{ file: "core/src/log/retention.ts", find: "times.set(part, latestMs < plausibleFromMs ? Number.POSITIVE_INFINITY : latestMs);", put: "times.set(part, part.newestMs);" }],
    seen: { scenario: "clock-faults", seeds: [2, 3, 1, 4], says: /let go of .* by age, and its clock was only wrong/ },
  },
  {
    invariant: "log 19",
    bug: "cleans away what stands by itself in a damaged batch",
    edits: [{ file: "node/src/log/clean.ts", find: "if (kept.length === 0) return undefined;\n  return integrity", put: "if (kept.length >= 0) return undefined;\n  return integrity" }],
    seen: { test: "node/src/log/segment-log.test.ts", title: "letting go keeps what can be salvaged from a batch whose frame is damaged" },
  },
  {
    invariant: "log 20",
    bug: "lets go of records without a word",
    edits: [{ file: "node/src/log/let-go.ts", find: "await append({ records: expiries.map(tell), cells", put: "await append({ records: [], cells" }],
    seen: { scenario: "disk-full", seeds: [1, 2, 3], says: /were let go of, and no record of the audit stream says so/ },
  },
  {
    invariant: "log 21",
    bug: "lets go of the middle of a lane",
    edits: [
      { file: "core/src/log/retention.ts", find: "else blocked.add(part.lane); //", put: "//" },
      { file: "core/src/log/retention.ts", find: "(times.get(part) ?? part.newestMs)", put: "part.newestMs" },
    ],
    seen: { test: "core/src/log/retention.test.ts", title: "a lane is let go of from its beginning, never in the middle" },
  },
  {
    invariant: "log 22",
    bug: "gives up an encrypted batch with a flipped bit",
    edits: [{ file: "node/src/log/scan.ts", find: "return opened && { ...place", put: "return opened?.isAuthentic === true ? { ...place" }, { file: "node/src/log/scan.ts", find: "isDoubtful: !opened.isAuthentic };", put: "isDoubtful: !opened.isAuthentic } : undefined;" }],
    seen: { scenario: "bit-flip-everywhere-encrypted", seeds: [1, 2, 3], says: /only single bits were flipped|damaged|lost/ },
  },
  {
    invariant: "log 23",
    bug: "believes a mended batch that its seal does not vouch for",
    edits: [{ file: "node/src/log/recover.ts", find: "return seal === undefined || seal.tag.every(", put: "return seal === undefined || seal.tag.some(" }],
    seen: { test: "node/src/log/sealed-log.test.ts", title: "whoever changes a record and all checksums, knowing what stood there, is told of" },
  },
  {
    invariant: "log 24",
    bug: "opens a log whose keys are not there, as rubbish",
    edits: [{ file: "core/src/log/seal.ts", find: "if (cipher?.holds(seal.generation) !== true) throw", put: "if (cipher?.holds(seal.generation) !== true) return { bytes: hidden, isAuthentic: false };\n  if (cipher.generation === -1) throw" }],
    seen: { test: "node/src/log/sealed-log.test.ts", title: "without its keys it is left as it is, and said to be encrypted" },
  },
];
