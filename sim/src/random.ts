import { createHash } from "node:crypto";
import type { Random } from "@holon/core/ports.ts";

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/**
 * Seeded chance: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM Transactions on
 * Mathematical Software 47(4), 2021). Its 128 bits of state are the first half of SHA-256 of the seed's path, so that streams
 * forked under different labels have nothing in common and adding one leaves the others as they were.
 */
export class SeededRandom implements Random {
  readonly #path: string;
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  constructor(path: string, state?: readonly [number, number, number, number]) {
    this.#path = path;
    const digest = createHash("sha256").update(path).digest();
    [this.#s0, this.#s1, this.#s2, this.#s3] =
      state ?? [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
  }

  /** A stream of its own for `label`; does not draw from this one. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#path}/${label}`);
  }

  /** Uniform over the 32-bit unsigned integers. */
  word(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#s1, 5), 7), 9) >>> 0;
    const shifted = this.#s1 << 9;
    this.#s2 ^= this.#s0;
    this.#s3 ^= this.#s1;
    this.#s1 ^= this.#s2;
    this.#s0 ^= this.#s3;
    this.#s2 ^= shifted;
    this.#s3 = rotateLeft(this.#s3, 11);
    return result;
  }

  uniform(): number {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let index = 0; index < length; index++) result[index] = this.word() >>> 24;
    return result;
  }

  /** Uniform over the integers `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.uniform() * (to - from + 1));
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + this.uniform() * (to - from);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.uniform() < probability;
  }

  /** Exponentially distributed with the given mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.uniform() * list.length)] ?? list[0];
  }
}
