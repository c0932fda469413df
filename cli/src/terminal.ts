/**
 * What people are shown holds words of functions, devices and other nodes. Whatever stands in them is text: no command to a terminal, which could forge or hide what is told there.
 * Escaped as JSON does, so that a JSON text says what it said.
 */
import type { Writable } from "node:stream";

/** C0 but for tab and line feed, DEL, C1, and what turns the direction of writing. */
// oxlint-disable-next-line no-control-regex
const commands = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/g;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

export const harmless = (text: string): string => text.replace(commands, escaped);

/** For a cell of a table, or a line of a list: nobody else's text makes one more. */
export const oneLine = (text: string): string => harmless(text.replace(/[\t\n\r]/g, escaped));

type Write = Writable["write"];
const bare = new WeakMap<Writable, Write>();

/** From now on strings come out harmless; bytes, as of a shell that somebody opened, as they are. */
export function guardTerminal(streams: readonly Writable[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    const write = stream.write.bind(stream) as Write;
    bare.set(stream, write);
    stream.write = ((chunk: unknown, ...rest: readonly unknown[]) => Reflect.apply(write, stream, [typeof chunk === "string" ? harmless(chunk) : chunk, ...rest])) as Write;
  }
}

/** Draws, with escape sequences of our own: what others said in it is to be made harmless before. */
export function draw(stream: Writable, text: string): void {
  (bare.get(stream) ?? stream.write.bind(stream))(text);
}
