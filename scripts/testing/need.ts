/** For tests that talk to a real server: skipped by name, with the reason, where it is not installed. */
import { findBinary, servers, type ServerBinary } from "./servers.ts";

/** Options for `test`: `test("publishes", need("mosquitto"), …)`. */
export function need(binary: ServerBinary): { readonly skip: string | false } {
  if (findBinary(binary) !== undefined) return { skip: false };
  const server = servers.find((entry) => entry.binary === binary);
  return { skip: `${binary} is not installed (Debian package ${server?.package ?? binary})` };
}

/** The path of a server that `need` found. */
export function binaryPath(binary: ServerBinary): string {
  const path = findBinary(binary);
  if (path === undefined) throw new Error(`${binary} is not installed: give the test need("${binary}")`);
  return path;
}
