/** Codes of errors that may speak in the words of a function about its data, or of a program about its input: what they say stays on the node. */
const foreign: ReadonlySet<string> = new Set(["HOLON_UNIT_THREW", "HOLON_UNIT_DIED", "HOLON_UNIT_BAD", "HOLON_EVENT_BAD", "HOLON_MODEL_INPUT_BAD", "HOLON_SHARED_BAD", "HOLON_WINDOW_BAD", "HOLON_SOURCE_ROW_BAD", "HOLON_SOURCE_MESSAGE_BAD"]);

export const isForeign = (code: string): boolean => foreign.has(code);
