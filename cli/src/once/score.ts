/** SKAB's protocol: a file's first 400 rows are for fitting, each later row is judged, counts are pooled over files. */
export const fitRows = 400;

export interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly trueNegative: number;
  readonly falseNegative: number;
}

export interface Score {
  readonly rows: number;
  readonly f1: number;
  readonly falseAlarmRate: number;
  readonly missedAlarmRate: number;
}

export const noCounts: Confusion = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };

/** `judged[i]` belongs to row `fitRows + i`; a row without a judgement counts as not alarmed, one without a label not at all. */
export function confusion(labels: readonly (number | undefined)[], judged: readonly boolean[]): Confusion {
  const counts = { truePositive: 0, falsePositive: 0, trueNegative: 0, falseNegative: 0 };
  for (let row = fitRows; row < labels.length; row++) {
    const label = labels[row];
    if (label === undefined) continue;
    const anomalous = label >= 0.5;
    const alarmed = judged[row - fitRows] ?? false;
    if (anomalous) counts[alarmed ? "truePositive" : "falseNegative"] += 1;
    else counts[alarmed ? "falsePositive" : "trueNegative"] += 1;
  }
  return counts;
}

export const pool = (a: Confusion, b: Confusion): Confusion => ({
  truePositive: a.truePositive + b.truePositive,
  falsePositive: a.falsePositive + b.falsePositive,
  trueNegative: a.trueNegative + b.trueNegative,
  falseNegative: a.falseNegative + b.falseNegative,
});

/** Rates are 0 where there is nothing to be wrong about. */
export function scoreOf({ truePositive, falsePositive, trueNegative, falseNegative }: Confusion): Score {
  const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return {
    rows: truePositive + falsePositive + trueNegative + falseNegative,
    f1: ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative),
    falseAlarmRate: ratio(falsePositive, falsePositive + trueNegative),
    missedAlarmRate: ratio(falseNegative, truePositive + falseNegative),
  };
}
