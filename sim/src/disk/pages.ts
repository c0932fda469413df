/**
 * Bytes in pages, zeros as far as nothing was written. A page of one repeated byte is shared by all that hold it, so that a reserve
 * of a mebibyte on each of a hundred thousand disks takes no room; the last page grows with what is in it.
 */
export class DiskPages {
  readonly #pages: Uint8Array[] = [];

  /** A copy. Everything beyond what was written is zeros. */
  read(from: number, end: number): Uint8Array {
    const begin = from - (from % pageBytes);
    const only = this.#pages[begin / pageBytes];
    if (only !== undefined && end > from && end - begin <= only.length) return only.slice(from - begin, end - begin);
    const bytes = new Uint8Array(Math.max(0, end - from));
    for (let at = from; at < end; ) {
      const number = Math.floor(at / pageBytes);
      const start = number * pageBytes;
      const until = Math.min(end, start + pageBytes);
      const page = this.#pages[number];
      if (page !== undefined) bytes.set(page.subarray(at - start, until - start), at - from);
      at = until;
    }
    return bytes;
  }

  /** How far from here there are zeros, as far as that is known without looking at them. */
  zerosUntil(position: number): number {
    for (let at = position; ; ) {
      const number = Math.floor(at / pageBytes);
      const page = this.#pages[number];
      if (page === undefined) return Infinity;
      if (page !== uniformPage(0) && at - number * pageBytes < page.length) return at;
      at = (number + 1) * pageBytes;
    }
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    for (let at = position; at < end; ) {
      const number = Math.floor(at / pageBytes);
      const start = number * pageBytes;
      const until = Math.min(end, start + pageBytes);
      const piece = bytes.subarray(at - position, until - position);
      const byte = piece[0] ?? 0;
      const isUniform = (byte === 0 || piece.length === pageBytes) && Buffer.compare(piece, uniformPage(byte).subarray(0, piece.length)) === 0;
      if (isUniform && byte === 0) this.clear(at, until);
      else if (isUniform) this.#put(number, uniformPage(byte));
      else this.#own(number, until - start).set(piece, at - start);
      at = until;
    }
  }

  /** Makes zeros of what is between. */
  clear(from: number, end: number): void {
    for (let at = from; at < Math.min(end, this.#pages.length * pageBytes); ) {
      const number = Math.floor(at / pageBytes);
      const start = number * pageBytes;
      const until = Math.min(end, start + pageBytes);
      if (at === start && until === start + pageBytes) this.#pages[number] = uniformPage(0);
      else if (at - start < (this.#pages[number]?.length ?? 0)) this.#own(number, 0).fill(0, at - start, until - start);
      at = until;
    }
    while (this.#pages.at(-1) === uniformPage(0)) this.#pages.pop();
  }

  #put(number: number, page: Uint8Array): void {
    while (this.#pages.length < number) this.#pages.push(uniformPage(0));
    this.#pages[number] = page;
  }

  /** The page, this file's own, at least `length` long. */
  #own(number: number, length: number): Uint8Array {
    const held = this.#pages[number];
    const page = held === uniformPage(0) ? undefined : held;
    if (page !== undefined && page.length >= length && !isShared(page)) return page;
    const wanted = page !== undefined && isShared(page) ? pageBytes : Math.max(length, Math.min(pageBytes, (page?.length ?? 0) * 2), firstBytes);
    const own = new Uint8Array(wanted);
    if (page !== undefined) own.set(page);
    this.#put(number, own);
    return own;
  }
}

const pageBytes = 16 * 1024;
const firstBytes = 512;
const uniformPages: (Uint8Array | undefined)[] = [];

const uniformPage = (byte: number): Uint8Array => (uniformPages[byte] ??= new Uint8Array(pageBytes).fill(byte));
const isShared = (page: Uint8Array): boolean => uniformPages[page[0] ?? 0] === page;
