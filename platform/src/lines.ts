/**
 * Lines of a node's own log on its disk: two files in `lines/` of its data folder, of which the older gives way when the newer is full. Written without a sync: what a power cut takes
 * are the last lines, and what a crash of the process takes none but those of its last second.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import type { LineKeeper } from "@holon/core/ports.ts";

export function createLines(nodeFolder: string): LineKeeper {
  const folder = join(nodeFolder, "lines");
  const [newer, older] = [join(folder, "newer.jsonl"), join(folder, "older.jsonl")];
  let sizeBytes: number | undefined;

  const textOf = (path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return ""; // a node that starts for the first time, or whose lines somebody took away, has none
    }
  };

  return {
    read: () => Promise.resolve([older, newer].flatMap((path) => textOf(path).split("\n").filter((line) => line !== ""))),
    write(lines) {
      const text = `${lines.join("\n")}\n`;
      try {
        sizeBytes ??= sizeOf(newer);
        if (sizeBytes + text.length > diagnosisBounds.linesFileBytesMax) {
          if (sizeBytes > 0) renameSync(newer, older);
          sizeBytes = 0;
        }
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(newer, text, { mode: 0o600 });
        sizeBytes += Buffer.byteLength(text);
      } catch {
        sizeBytes = undefined; // a disk that is full or failing is told by the log; its lines stay in memory
      }
    },
  };
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
