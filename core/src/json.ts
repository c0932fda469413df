import { HolonError } from "./errors.ts";

/** Canonical JSON: keys sorted, so that equal documents have equal bytes and hashes (RFC 8785). `HOLON_JSON_NUMBER`: a number that JSON has no form for, which would have the text of null. */
export function canonicalJson(value: unknown): string {
  const text = textOf(value);
  if (text === undefined) throw new HolonError("HOLON_JSON_NUMBER", misfit(value, "") ?? "a document holds a number that is not finite");
  return text;
}

/** Whether this is a JSON text in its canonical form. */
export function isCanonicalJson(text: string): boolean {
  try {
    return textOf(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}

/** Undefined where a number in it is not finite. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : undefined;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) {
      const part = textOf(item ?? null);
      if (part === undefined) return undefined;
      text += text === "" ? part : `,${part}`;
    }
    return `[${text}]`;
  }
  for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (item === undefined) continue;
    const part = textOf(item);
    if (part === undefined) return undefined;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${part}`;
  }
  return `{${text}}`;
}

/** Where the first of them stands, as a JSON pointer. */
function misfit(value: unknown, at: string): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${at === "" ? "the document" : at} is ${value}, and JSON has no such number`;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = misfit(item, `${at}/${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
