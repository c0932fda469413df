/** Who shows this page to the API: the token that came in its address, or that of a login. It stays in this tab. */

const key = "holon-token";
const listeners = new Set<() => void>();
/** Came in an address while another one was in use. A link that somebody sent takes nobody's session away, and puts nobody into another one unseen: who wants it says so. */
let offered: string | undefined;
let wasRefused = false;

const inAddress = /[#&]token=([\w.~-]+)/; // base 64 for addresses, as all tokens are

/** Sessions and tokens of people. They stand in no address that Holon prints: in a link, such a one is somebody else's, in whose name one would work without knowing it. */
const isSomebodys = (given: string): boolean => given.startsWith("holon_");

/** Takes the token out of the address before anything is shown or shared. */
export function takeTokenFromAddress(): void {
  const [, given] = inAddress.exec(location.hash) ?? [];
  if (given === undefined) return;
  history.replaceState(null, "", `${location.pathname}#/`);
  if (given === token() || isSomebodys(given)) return;
  if (token() === undefined) setToken(given);
  else offered = given;
}

/** Whoever opens the printed address in a tab that shows the console changes nothing but what stands behind `#`. Before others hear of the change, so that none sees it. */
export function watchAddress(): void {
  takeTokenFromAddress();
  addEventListener("hashchange", takeTokenFromAddress);
}

export const token = (): string | undefined => sessionStorage.getItem(key) ?? undefined;

export function setToken(value: string | undefined): void {
  [offered, wasRefused] = [undefined, false];
  keep(value);
}

/** The API does not take this token (any more). Of one that is in use no longer that says nothing. */
export function refuseToken(shown: string | undefined): void {
  if (shown === undefined || shown !== token()) return;
  wasRefused = true;
  keep(undefined);
}

/** Whether an address brought a token that is not in use. */
export const isTokenOffered = (): boolean => offered !== undefined;

/** Whoever is at the page wants to go on with it. */
export function takeOfferedToken(): void {
  if (offered !== undefined) setToken(offered);
}

/** Whether it was the API that ended the session. */
export const wasTokenRefused = (): boolean => wasRefused;

function keep(value: string | undefined): void {
  if (value === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, value);
  for (const listener of listeners) listener();
}

export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** What may be given to others: whatever stands in the address, it holds no token. */
export const addressToShare = (href: string): string => href.replace(/[#&]token=[^&]*/, "");

/** Whether this page is served by control, or by a node for its own island. */
export const servedByControl = (): boolean => document.querySelector('meta[name="holon"]')?.getAttribute("content") !== "node";
