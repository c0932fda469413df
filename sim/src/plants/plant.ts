/** One bug in the real code, for one invariant of docs/internals: what is changed where, and who must see it. */
export interface Plant {
  /** Page and number: `log 1`. */
  readonly invariant: string;
  /** What the program does wrong. */
  readonly bug: string;
  readonly edits: readonly Edit[];
  readonly seen: SeenBySimulator | SeenByTest;
}

/** Once in the file, so that a plant does not rot unseen. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** A scenario whose checkers say so. Several seeds where one does not show it by chance. */
export interface SeenBySimulator {
  readonly scenario: string;
  readonly seeds: readonly number[];
  readonly says: RegExp;
}

/** Where no scenario looks: the test that the page names. */
export interface SeenByTest {
  readonly test: string;
  readonly title: string;
}

/** How a plant reaches the process that runs it. */
export const plantVariable = "HOLON_PLANT";
