/** A metric with its attributes as one text: `holon.log.records{stream="data"}`, attributes sorted by name. */
import { limits } from "../limits.ts";

export interface MetricKey {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export function printKey(name: string, attributes: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? name : `${name}{${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}}`;
}

/** The same of a metric of functions, printed once for each: what is measured at every event has few names. Attributes `app` and `function`. */
export function functionKeys(name: string): (app: string, fn: string) => string {
  const printed = new Map<string, Map<string, string>>();
  let count = 0;
  return (app, fn) => {
    const known = printed.get(app)?.get(fn);
    if (known !== undefined) return known;
    if (count >= limits.telemetryKeysKnownMax) printed.clear();
    count = printed.size === 0 ? 1 : count + 1;
    const key = printKey(name, { app, function: fn });
    const ofApp = printed.get(app) ?? new Map<string, string>();
    printed.set(app, ofApp.set(fn, key));
    return key;
  };
}

const pair = /([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*")(?:,|$)/gy;

/** Undefined for what is none. Nodes say the same few again and again: each is taken apart once. */
export function parseKey(text: string): MetricKey | undefined {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const key = parse(text);
  if (parsed.size >= limits.telemetryKeysKnownMax) parsed.clear();
  if (key !== undefined) parsed.set(text, key);
  return key;
}
const parsed = new Map<string, MetricKey>();

function parse(text: string): MetricKey | undefined {
  const open = text.indexOf("{");
  if (open < 0) return { name: text, attributes: {} };
  if (!text.endsWith("}")) return undefined;
  const inner = text.slice(open + 1, -1);
  const attributes: Record<string, string> = {};
  pair.lastIndex = 0;
  while (pair.lastIndex < inner.length) {
    const found = pair.exec(inner);
    const [, key, value] = found ?? [];
    if (key === undefined || value === undefined) return undefined;
    try {
      attributes[key] = String(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  return { name: text.slice(0, open), attributes };
}
