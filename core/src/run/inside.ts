/** What the inside of a sandbox loads, in one place: it has to be readable where nothing else is. */
export { HolonError } from "../errors.ts";
export { fromCrossing, toCrossing } from "./crossing.ts";
export { withOwnWords } from "./failure-words.ts";
export { createUnitHost, type HostModels, type UnitHost } from "./host.ts";
export { parseDefinition } from "./parse-definition.ts";
