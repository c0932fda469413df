/** For each invariant of docs/internals/link.md a bug that breaks it. */
import type { Plant } from "./plant.ts";

const lost = /lost|not converged/;

export const linkPlants: readonly Plant[] = [
  {
    invariant: "link 1",
    bug: "takes a run that does not follow what it holds",
    edits: [{ file: "core/src/log/merge.ts", find: "return { outcome: \"gap\" };", put: "return { outcome: \"apply\" };" }],
    seen: { scenario: "narrow-links", seeds: [1, 2, 3, 4], says: /lost|damaged|out of order|not converged/ },
  },
  {
    invariant: "link 2",
    bug: "marks what came in before it is on the disk",
    edits: [
      {
        file: "node/src/link/stream-receiver.ts",
        find: "let merges: readonly Merge[];",
        put: "options.send({ kind: \"stream\", header: { op: \"mark\", lanes: runs.map(({ header }) => [laneName(header), lastSequence(header), lastSequence(header)]), credit: [...options.credit()] } });\n    let merges: readonly Merge[];",
      },
    ],
    seen: { scenario: "cut-and-heal", seeds: [1, 2, 3, 4, 5, 6, 7, 8], says: /holds less than it had acknowledged/ },
  },
  {
    invariant: "link 3",
    bug: "takes a history that is shorter than the one it holds for a repetition of it",
    edits: [{ file: "node/src/link/stream-receiver.ts", find: "checked.push(differs ? {", put: "checked.push(differs && merge.outcome !== \"duplicate\" ? {" }],
    seen: { scenario: "clone", seeds: [50, 1, 2, 3], says: lost },
  },
  {
    invariant: "link 4",
    bug: "takes the stream that never leaves for one that does, and the guard does not see it",
    edits: [
      { file: "core/src/schema/event.ts", find: "export const exportableStreams = [\"alarm\", \"audit\", \"data\", \"telemetry\"]", put: "export const exportableStreams = [\"alarm\", \"audit\", \"data\", \"telemetry\", \"local\"]" },
      { file: "node/src/policy/guard.ts", find: "return decided({ lane: laneName(header), action: \"leave\"", put: "if (header.stream === \"local\") return Promise.resolve(true);\n      return decided({ lane: laneName(header), action: \"leave\"" },
    ],
    seen: { scenario: "cut-and-heal", seeds: [1, 2], says: /planted marker|\/local is at the cloud/ },
  },
  {
    invariant: "link 5",
    bug: "sends before the decision is on the disk",
    edits: [{ file: "node/src/policy/guard.ts", find: "await decision.recorded;\n    } catch", put: "decision.recorded.catch(() => undefined);\n    } catch" }],
    seen: { scenario: "cut-and-heal", seeds: [1, 2], says: /and the decision is/ },
  },
  {
    invariant: "link 6",
    bug: "sends without regard to what is on the way, or to what its parent can take, which takes all of it",
    edits: [
      { file: "core/src/link/child-credit.ts", find: "return end < 0 ? runs.length : end;", put: "return end < 0 ? runs.length : runs.length;" },
      { file: "node/src/link/stream-sender.ts", find: "onTheWayBytes < limits.linkInFlightBytesMax", put: "onTheWayBytes < Infinity" },
      { file: "node/src/link/stream-receiver.ts", find: "if (!options.received(payload.length - alarmBytes, alarmBytes)) throw", put: "if (options.received(payload.length - alarmBytes, alarmBytes) === undefined) throw" },
    ],
    seen: { scenario: "narrow-links", seeds: [1, 2], says: /were queued from|bytes of records that were not on disk/ },
  },
  {
    invariant: "link 7",
    bug: "sends alarms last",
    edits: [{ file: "node/src/link/stream-sender.ts", find: "exportableStreams.flatMap((stream) => [...lanes.values()]", put: "exportableStreams.toReversed().flatMap((stream) => [...lanes.values()]" }],
    seen: { test: "node/src/link/stream-sender.test.ts", title: "an alarm passes a backlog that waits for credit" },
  },
  {
    invariant: "link 8",
    bug: "takes a slow line for a dead one",
    edits: [{ file: "node/src/link/peer.ts", find: "if (receivedBytes > seenBytes) aliveMs = nowMs;", put: "" }],
    seen: { scenario: "narrow-links", seeds: [2, 1, 3], says: /not converged/ },
  },
  {
    invariant: "link 9",
    bug: "keeps whatever document came last",
    edits: [{ file: "node/src/desired/documents.ts", find: "if (document.version <= held) return held;", put: "if (document.version === held) return held;" }],
    seen: { test: "node/src/desired/documents.test.ts", title: "of documents that come in any order, at once or one after the other, the newest is kept" },
  },
  {
    invariant: "link 10",
    bug: "uses a blob without comparing it with its name",
    edits: [{ file: "node/src/blob/store.ts", find: "const isAsNamed = hashOf(content) === hash;", put: "const isAsNamed = content.length > 0 || hashOf(content) === hash;" }, { file: "node/src/blob/store.ts", find: "if (isAsNamed && sameBytes(check, checkOf(content))) return content;", put: "if (isAsNamed) return content;" }],
    seen: { scenario: "bit-flip-everywhere", seeds: [1, 11, 2, 3], says: /not converged|HOLON_|lost/ },
  },
  {
    invariant: "link 11",
    bug: "keeps credit that it asked for and does not need",
    edits: [{ file: "node/src/link/stream-sender.ts", find: "if (bytes + alarmBytes > 0) options.send(", put: "if (bytes + alarmBytes < 0) options.send(" }],
    seen: { scenario: "cold-boot-alone", seeds: [9, 1, 2, 3], says: /bytes of credit that they asked for and do not use/ },
  },
  {
    invariant: "link 12",
    bug: "forgets what it has sent",
    edits: [{ file: "core/src/link/budget.ts", find: "level -= bytes;", put: "" }],
    seen: { test: "core/src/link/budget.test.ts", title: "no hour, wherever it begins, takes more than the budget and what alarms may borrow" },
  },
  {
    invariant: "link 13",
    bug: "lets a call wait for ever",
    edits: [{ file: "node/src/link/calls.ts", find: "reject(new HolonError(\"HOLON_CALL_TIMEOUT\"", put: "void (new HolonError(\"HOLON_CALL_TIMEOUT\"" }],
    seen: { test: "node/src/link/calls.test.ts", title: "a call that is never answered ends at its deadline with a code, and what comes after that is nobody's" },
  },
  {
    invariant: "link 14",
    bug: "begins to compare two histories anew with each commit",
    edits: [{ file: "node/src/link/standing.ts", find: "behind.delete(name); // what it was found to be is asked anew: left there, each commit would begin the search again\n    grown.delete(name);", put: "" }],
    seen: { scenario: "restore-from-backup", seeds: [5], says: /not converged/ },
  },
  {
    invariant: "link 15",
    bug: "believes the name that a peer says",
    edits: [{ file: "node/src/link/downlinks.ts", find: "if (!isOther && (site === undefined", put: "if (isOther || (site === undefined" }],
    seen: { test: "sim/src/red-team.test.ts", title: "malicious sibling: another name than its certificate's is refused" },
  },
  {
    invariant: "link 16",
    bug: "asks for no certificate behind the date of its own",
    edits: [{ file: "node/src/identity/keeper.ts", find: "if (validity !== undefined && isDue(validity, ports.clock.wall().ms)) await renew();", put: "if (validity !== undefined && isDue(validity, ports.clock.wall().ms) && ports.clock.wall().ms < 0) await renew();" }],
    seen: { scenario: "island-72h", seeds: [1], says: /not converged|is down|did not/ },
  },
];
