import { HolonError } from "@holon/core/errors.ts";

/** The names of this machine for itself: all that a listener may bind which callers prove themselves to by a token only. */
export const loopbackNames = ["127.0.0.1", "::1", "localhost"] as const;

/** A parsed address. */
export interface Address {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port` or `scheme://host:port`, for example `127.0.0.1:7401`, `wss://[::1]:7401`. `HOLON_CONFIG_BAD`. */
export function parseAddress(text: string, scheme: string): Address {
  const [, givenScheme, authority = ""] = /^(?:([a-z]+):\/\/)?(.*?)\/?$/.exec(text) ?? [];
  const match = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(authority);
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  const port = Number(match?.[3]);
  if ((givenScheme ?? scheme) !== scheme || host === undefined || port > 65_535) {
    throw new HolonError("HOLON_CONFIG_BAD", `${JSON.stringify(text)} is no address; one is written ${scheme}://127.0.0.1:7401`);
  }
  return { host, port };
}

/** The address if it is on loopback. `HOLON_CONFIG_BAD` otherwise. */
export function requireLoopback(address: Address): Address {
  if (loopbackNames.some((name) => name === address.host)) return address;
  throw new HolonError("HOLON_CONFIG_BAD", `cannot listen on ${address.host}: callers prove themselves by a token only, so it stays on this machine`, {
    next: "Listen on 127.0.0.1, ::1 or localhost.",
  });
}

/** The address as it is written in a URL. */
export const printAddress = (scheme: string, { host, port }: Address): string =>
  `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;

/** What to bind: `localhost` is not left to the resolver, which may say anything. */
export const bindHost = (host: string): string => (host === "localhost" ? "127.0.0.1" : host);
