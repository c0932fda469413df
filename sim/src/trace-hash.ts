import { createHash } from "node:crypto";

/** What can be seen at a port. The numbers enter the trace hash: do not reuse one. */
export const happenings = {
  boot: 1, crash: 2, closed: 3, bootFailed: 4, timer: 5, wallStep: 6, freeze: 7, thaw: 8,
  "disk.list": 10, "disk.makeFolder": 11, "disk.open": 12, "disk.rename": 13, "disk.remove": 14, "disk.syncFolder": 15, "disk.space": 16,
  "file.read": 17, "file.write": 18, "file.sync": 19, "file.truncate": 20, "file.close": 21,
  "net.listen": 30, "net.connect": 31, "net.send": 32, "net.close": 33, "net.unlisten": 34,
  frameArrived: 35, connectionClosed: 36, accepted: 37, pathCut: 38, pathHealed: 39,
  "discovery.open": 40, "discovery.close": 41, heard: 42,
  "door.accept": 50, "door.accepted": 51, "door.enter": 52,
  "command.run": 60,
  "feeds.read": 61,
  "host.sample": 62, "host.capacity": 63, "host.providers": 64,
} as const satisfies Readonly<Record<string, number>>;

export type Happening = keyof typeof happenings;

const wordsPerHappening = 6;
const happeningsPerBlock = 2048;

/** A running SHA-256 over everything that was visible at a port: two runs of one seed are the same run if this is the same. */
export class TraceHash {
  readonly #hash = createHash("sha256");
  readonly #block = new Uint32Array(wordsPerHappening * happeningsPerBlock);
  readonly #time = new Float64Array(1);
  readonly #timeWords = new Uint32Array(this.#time.buffer);
  #used = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `check` is a checksum of content, where there is any. */
  add(timeMs: number, node: number, happening: Happening, size: number, check: number): void {
    const block = this.#block;
    let at = this.#used;
    this.#time[0] = timeMs;
    block[at++] = this.#timeWords[0] ?? 0;
    block[at++] = this.#timeWords[1] ?? 0;
    block[at++] = node;
    block[at++] = happenings[happening];
    block[at++] = size;
    block[at++] = check;
    this.#count += 1;
    this.#used = at;
    if (at === block.length) this.#flush();
  }

  /** 64 hexadecimal digits for all that happened so far; more can be added after. */
  digest(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  #flush(): void {
    this.#hash.update(new Uint8Array(this.#block.buffer, 0, this.#used * 4));
    this.#used = 0;
  }
}
