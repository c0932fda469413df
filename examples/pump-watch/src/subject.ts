/** What is kept of one subject between its readings. */
import type { UnitState } from "@holon/sdk";
import type { Episode } from "./episode.ts";
import type { Minute } from "./minutes.ts";

export interface Subject {
  readonly sensors: readonly string[];
  /** Rows kept for learning so far. */
  readonly learned: number;
  /** Level of each sensor; empty while learning. */
  readonly smoothed: readonly number[];
  /** The alarm that is on. */
  readonly episode?: Episode;
  readonly episodes: number;
  readonly minute?: Minute;
}

const key = (subject: string): string => `subject/${subject}`;

/** Only this function writes its state, so what is there is of this shape. */
export const loadSubject = (state: UnitState, subject: string): Subject =>
  (state.get(key(subject)) as Subject | undefined) ?? { sensors: [], learned: 0, smoothed: [], episodes: 0 };

export const saveSubject = (state: UnitState, subject: string, value: Subject): void => state.set(key(subject), value);
