/** Inputs of before that led a parser somewhere, in `corpus/NAME.txt`: one a line, in base 64, the shortest first. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "corpus");
const pathOf = (target: string): string => join(folder, `${target}.txt`);
/** More, and larger ones, are for a folder of one's own. */
const savedMax = 24;
const savedBytesMax = 2_048;
/** Of whatever length. */
const savedAlways = 2;

export function savedInputs(target: string): readonly Uint8Array[] {
  if (!existsSync(pathOf(target))) return [];
  return readFileSync(pathOf(target), "utf8").split("\n").filter((line) => line !== "").map((line) => new Uint8Array(Buffer.from(line, "base64")));
}

export function saveInputs(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  const sorted = inputs.filter(({ length }) => length > 0).toSorted((one, other) => one.length - other.length);
  const short = sorted.filter(({ length }, index) => index < savedMax && (length <= savedBytesMax || index < savedAlways));
  writeFileSync(pathOf(target), short.map((input) => `${Buffer.from(input).toString("base64")}\n`).join(""));
}
