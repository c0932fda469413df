import { limits } from "../limits.ts";

/** Longest text of a result that is parsed at all. */
export const unitTextMax = limits.unitOutputBytesMax + 2 * limits.unitStateBytesMax;
