/**
 * A program's socket lies in a folder in which the program may put what it likes: a link in its place would have the node itself, outside of all walls, talk to any socket of the machine. So what is there is
 * opened as it is, looked at, and that very one is connected to, whatever stands under the name by then (open(2), O_PATH; proc(5), /proc/self/fd).
 */
import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";

export interface OwnSocket {
  /** To connect to. */
  readonly path: string;
  close(): void;
}

/** Linux; Node.js has no name for it. */
const pathAlone = 0o10000000;

/** Undefined for what is no socket, or not there. */
export function openOwnSocket(path: string): OwnSocket | undefined {
  if (process.platform !== "linux") return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true ? { path, close: () => undefined } : undefined;
  let place: number;
  try {
    place = openSync(path, pathAlone | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  if (fstatSync(place).isSocket()) return { path: `/proc/self/fd/${place}`, close: () => closeSync(place) };
  closeSync(place);
  return undefined;
}
