/** Chance that follows from a seed: the same seed, the same numbers, on every machine. For decisions that must be found again; not for secrets. */
export interface Chance {
  /** From 0 up to 1, exclusive. */
  share(): number;
  /** A whole number from 0 up to `bound`, exclusive. */
  below(bound: number): number;
}

/** A counter through a mixer of 32 bits (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA '14). */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const share = (): number => next() / 2 ** 32;
  return { share, below: (bound) => Math.floor(share() * bound) };
}
