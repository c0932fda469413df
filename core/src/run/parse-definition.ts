import { HolonError } from "../errors.ts";
import { functionKind, type UnitDefinition } from "./definition.ts";

/** The default export of a function's module. `HOLON_UNIT_BAD` names the function. */
export function parseDefinition(value: unknown, name: string): UnitDefinition {
  if (isRecord(value) && value["kind"] === functionKind && typeof value["run"] === "function" && hasOn(value) && isRecord(value["emits"]) && isTextList(value["models"])) {
    return value as unknown as UnitDefinition;
  }
  throw new HolonError("HOLON_UNIT_BAD", `function ${name}: the module's default export is no defineFunction({on, emits, run})`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
const hasOn = (value: Readonly<Record<string, unknown>>): boolean => isRecord(value["on"]); // what it may be, the schema of triggers says
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");
