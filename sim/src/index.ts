/** The simulator's public names. */
export { runScenario, scenarios, type RunOptions, type RunReport } from "./run.ts";
export type { Scenario, ScenarioRun } from "./scenario.ts";
export type { SimSubject, SubjectProgram } from "./subject.ts";
