/** What a suite is given and what it hands back. */

export interface SuiteContext {
  /** Aim for the time of one measurement. */
  readonly seconds: number;
  /** Size of a fleet, where the suite has one. */
  readonly nodes?: number;
  /** Length of a run that has to be long, where the suite has one. */
  readonly minutes?: number;
  /** Size of a log that has to be large, where the suite has one. */
  readonly gigabytes?: number;
  /** Files of machines and of units, where the suite plays a trace. */
  readonly machines?: string;
  readonly units?: string;
  /** File of a curve, and the job that is shifted on it. */
  readonly curve?: string;
  readonly hours?: number;
  readonly slack?: number;
  readonly interruptible?: boolean;
  /** Fresh folder of this suite alone; removed after the run. */
  readonly folder: string;
  /** Progress, for people. */
  say(line: string): void;
}

export interface SuiteResult {
  /** Numbers with the unit in the name, for example `appendMs1000P50`. */
  readonly figures: Readonly<Record<string, number>>;
  /** Figures that are no measurements: the same on every machine, and not rounded. */
  readonly computed?: Readonly<Record<string, number>>;
  /** Time of ours over time of the limit, both from this run: 1 is the limit, lower is better. To a rival, our rate over its rate: higher is better. */
  readonly ratios: Readonly<Record<string, number>>;
  /** What is aimed for: so much at most of a ratio to a limit. */
  readonly aims?: Readonly<Record<string, number>>;
}

export interface Suite {
  /** One line for the usage text. */
  readonly measures: string;
  run(context: SuiteContext): Promise<SuiteResult>;
}
