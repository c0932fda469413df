import highs from "highs";

/** The solver is its module's default; its types say that it is the default of that. */
export const loadHighs = "default" in highs ? highs.default : highs;
