/** Every number of the rule, in one place. */
export const rule = {
  /** Windows that count as normal and are learned from. */
  learnWindows: 15,
  /** A feature that hardly moved while it was learned is given this deviation, in logarithms: a tenth more or less energy. */
  deviationMin: 0.1,
  /** An alert begins over this many deviations, by the mean of squares over the features … */
  enter: 1.75,
  /** … and ends below. */
  exit: 1.4,
} as const;
