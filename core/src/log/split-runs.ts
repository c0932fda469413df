/** Takes runs that stand end to end apart. */
import { parseRunHeader, type Integrity, type RunHeader } from "./run.ts";

/** `undefined` if the bytes are not exactly a sequence of runs with intact headers. */
export function splitRuns(bytes: Uint8Array, integrity: Integrity): readonly { readonly header: RunHeader; readonly bytes: Uint8Array }[] | undefined {
  const runs: { header: RunHeader; bytes: Uint8Array }[] = [];
  for (let position = 0; position < bytes.length; ) {
    const rest = bytes.subarray(position);
    const header = parseRunHeader(rest, integrity);
    if (header === undefined) return undefined;
    runs.push({ header, bytes: rest.subarray(0, header.lengthBytes) });
    position += header.lengthBytes;
  }
  return runs;
}
