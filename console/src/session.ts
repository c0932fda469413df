/** Who shows this page to the API: the token that came in its address once, or that of a login. It stays in this tab. */

const key = "holon-token";
const listeners = new Set<() => void>();

/** Takes the token out of the address before anything is shown or shared. */
export function takeTokenFromAddress(): void {
  const [, given] = /[#&]token=([\w.~-]+)/.exec(location.hash) ?? []; // base 64 for addresses, as all tokens are
  if (given === undefined) return;
  // A link that somebody sent takes nobody's session away.
  if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, given);
  history.replaceState(null, "", `${location.pathname}#/`);
}

export const token = (): string | undefined => sessionStorage.getItem(key) ?? undefined;

export function setToken(value: string | undefined): void {
  if (value === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, value);
  for (const listener of listeners) listener();
}

export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether this page is served by control, or by a node for its own island. */
export const servedByControl = (): boolean => document.querySelector('meta[name="holon"]')?.getAttribute("content") !== "node";
