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

/** Undefined where a number in it is not finite. The engine's own writer is several times faster than any other, and writes what it is given in the order that it is given in. */
function textOf(value: unknown): string | undefined {
  const ordered = inOrder(value);
  if (ordered === notFinite) return undefined;
  return ordered === unordered ? slowTextOf(value) : (JSON.stringify(ordered) ?? "null");
}

const notFinite = Symbol("a number that is not finite");
/** A key that an object takes no order of, or a value that the engine's writer leaves out. */
const unordered = Symbol("not for the engine's writer");

/** The same with keys in order; or why there is none. */
function inOrder(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : notFinite;
  if (typeof value === "function" || typeof value === "symbol") return unordered;
  if (Array.isArray(value)) return itemsInOrder(value);
  return hasMembers(value) ? membersInOrder(value) : value;
}

const hasMembers = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

function itemsInOrder(items: readonly unknown[]): unknown {
  const ordered: unknown[] = [];
  for (const item of items) {
    const part = inOrder(item);
    if (part === notFinite || part === unordered) return part;
    ordered.push(part);
  }
  return ordered;
}

function membersInOrder(members: Readonly<Record<string, unknown>>): unknown {
  const ordered: Record<string, unknown> = {};
  for (const key of sorted(Object.keys(members))) {
    if (takesNoOrder(key)) return unordered;
    const part = inOrder(members[key]);
    if (part === notFinite || part === unordered) return part;
    ordered[key] = part;
  }
  return ordered;
}

/** Whole numbers stand before all other keys, whenever they were set; and one key is none. */
function takesNoOrder(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first >= 48 && first <= 57) || key === "__proto__";
}

const fewKeys = 16;

/** In place, by UTF-16 code units. */
function sorted(keys: string[]): readonly string[] {
  if (keys.length > fewKeys) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] ?? "";
    let at = index;
    for (; at > 0 && (keys[at - 1] ?? "") > key; at--) keys[at] = keys[at - 1] ?? "";
    keys[at] = key;
  }
  return keys;
}

/** Undefined where a number in it is not finite. Written piece by piece: here a key such as `2` or `__proto__`, for which an object has an order or a meaning of its own, stands where it belongs. */
function slowTextOf(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : undefined;
  if (!hasMembers(value)) return JSON.stringify(value) ?? "null";
  const isList = Array.isArray(value);
  let text = "";
  for (const key of isList ? value.keys() : sorted(Object.keys(value))) {
    const item = value[key];
    if (item === undefined && !isList) continue;
    const part = slowTextOf(item ?? null);
    if (part === undefined) return undefined;
    text += `${text === "" ? "" : ","}${isList ? "" : `${JSON.stringify(key)}:`}${part}`;
  }
  return isList ? `[${text}]` : `{${text}}`;
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
