/**
 * The same bytes without Node's `Buffer` around them, whose `slice` and `toString` differ from a `Uint8Array`'s: logic that ran
 * on a Buffer here and on plain bytes in the simulator would not be the same logic.
 */
export const plainBytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
