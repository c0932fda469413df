/** The one rule for every machine: no label enters the fit or a judgement. Its constants were chosen once, on labelled recordings (see README). */
export const rule = {
  /** Readings of a subject that count as normal and are learned from. */
  learnRows: 400,
  /** Weight of a new reading in the moving average: it looks at about the last 1 / 0.125 = 8 readings. */
  smoothing: 0.125,
  /** Fewest components that explain this part of the variance. */
  explained: 0.9,
  /** A statistic's limit: this part of the learned readings lies below. */
  quantile: 0.99,
  /** An alarm begins over 3 times the limit (room for the drift that a short look cannot show) … */
  enter: 3,
  /** … and ends below 2.25 times, so that it does not flicker. */
  exit: 2.25,
  /** Sensors of one subject; further ones are not looked at. */
  sensorsMax: 64,
  /** Sensors that an alert names. */
  causesMax: 3,
} as const;
