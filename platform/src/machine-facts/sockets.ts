/** Sockets as `/proc/net` prints them: addresses in hexadecimal, in 32-bit words of the machine's own order. */
import { join } from "node:path";
import { linesOf, read, seen } from "./read.ts";

interface Socket {
  readonly kind: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

const listenState = "0A";
/** Where Node.js listens, without being told so, once its process is sent SIGUSR1. */
const debuggerPort = 9_229;

/** Listening for connections, or taking datagrams from anybody; undefined where that is not to be seen. */
export function socketsOf(root: string): { readonly tcp: readonly Socket[] | undefined; readonly udp: readonly Socket[] | undefined } {
  const lines = (name: string): readonly string[] | undefined => linesOf(read(join(root, "proc/net", name)));
  const parsed = (kind: Socket["kind"]): readonly Socket[] | undefined => {
    const four = lines(kind);
    return four && [...four, ...(lines(`${kind}6`) ?? [])].flatMap((line): Socket[] => {
      const [, local = "", remote = "", state] = line.split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      const isOpen = kind === "tcp" ? state === listenState : /^[0-9A-F]+:[0-9A-F]{4}$/.test(local) && /^[0:]+$/.test(remote);
      return isOpen ? [{ kind, address, port: Number.parseInt(port, 16) }] : [];
    });
  };
  return { tcp: parsed("tcp"), udp: parsed("udp") };
}

export const debuggerPorts = (tcp: readonly Socket[] | undefined): readonly string[] | undefined =>
  tcp?.flatMap(({ address, port }) => (port === debuggerPort ? [`port ${port} of ${addressOf(address)}, where Node.js listens for one`] : []));

export function listening({ tcp, udp }: ReturnType<typeof socketsOf>): readonly string[] | undefined {
  const found = [...(tcp ?? []), ...(udp ?? [])].flatMap(({ kind, address, port }) => (isLoopback(address) ? [] : [`${/^0+$/.test(address) ? "any address" : addressOf(address)}:${port}${kind === "udp" ? " (udp)" : ""}`]));
  return seen([...new Set(found)].sort(), tcp !== undefined && udp !== undefined);
}

const isLoopback = (address: string): boolean => /^[0-9A-F]{6}7F$/.test(address) || address === "00000000000000000000000001000000" || /^0{16}FFFF0000[0-9A-F]{6}7F$/.test(address);
const addressOf = (address: string): string => (address.length === 8 ? [3, 2, 1, 0].map((byte) => Number.parseInt(address.slice(2 * byte, 2 * byte + 2), 16)).join(".") : address);
