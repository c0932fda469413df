/** A node's configuration as it may be told: figures and switches as they are, words only where they are names; of addresses where they lead, and of everything else how long it is. */

/** Words under these names are names of Holon's own, or of places. */
const named: ReadonlySet<string> = new Set(["apiVersion", "name", "site", "tier", "jurisdiction", "node", "priceClass", "policy", "signatures", "encryption", "traces", "metrics", "logs", "encoding", "of", "class", "by"]);

export function tellConfiguration(value: unknown, key = ""): unknown {
  if (typeof value === "string") return named.has(key) && /^[\w/. -]{1,64}$/.test(value) ? value : (placeOf(value) ?? `(text of ${value.length} characters)`);
  if (Array.isArray(value)) return value.map((item) => tellConfiguration(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, /headers$/i.test(name) ? `(${Object.keys(item ?? {}).length} headers)` : tellConfiguration(item, name)]));
}

/** `wss://edge-1.example:7401`, without who, which page and what question. */
function placeOf(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return /^(?:\[[0-9a-f:]+\]|[\w.-]{1,128}):\d{1,5}$/i.test(text) ? text : undefined;
  try {
    const { protocol, host } = new URL(text);
    return `${protocol}//${host}`;
  } catch {
    return undefined; // no address: told by its length, as other text is
  }
}
