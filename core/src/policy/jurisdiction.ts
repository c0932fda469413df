const slash = 0x2f;
/** Jurisdictions are nested: `EU` covers `EU/DE`, and `EU/DE` lies in `EU`. */
export const covers = (outer: string, inner: string): boolean => outer === "*" || outer === inner || (inner.charCodeAt(outer.length) === slash && inner.startsWith(outer));

/** One may lie in the other. */
export const overlaps = (one: string, other: string): boolean => covers(one, other) || covers(other, one);

export const jurisdictionPattern = /^[A-Z]{2,8}(\/[A-Z0-9]{1,8})*$/;
