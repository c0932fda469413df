/** Where one is in the console stands in the address, with all filters, so that any view can be shared and the browser's own history works. */
import { useEffect, useState } from "preact/hooks";

export interface Place {
  /** `nodes`, or `node/gateway-1` as two parts. */
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parsePlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  return { parts: parts.length === 0 ? ["map"] : parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** What is empty is left out, so that a view without filters has a short address. */
export function printPlace(parts: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const kept = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]]));
  const text = new URLSearchParams(kept).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return parsePlace(hash);
}

/** Changes filters of this place; typing into a field does not fill the history. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { parts, query } = parsePlace(location.hash);
  history.replaceState(null, "", printPlace(parts, { ...query, ...changes }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody mended the address by hand
  }
}
