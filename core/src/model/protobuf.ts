/** The wire format of Protocol Buffers (protobuf.dev, "Encoding"): just what an ONNX file needs, both ways. */

/** One field as it lies on the wire: a number for varints and 32-bit floats' bits, bytes for the rest. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** Value of a varint, as a signed 64-bit integer; 0 for other wire types. */
  readonly integer: number;
  /** The same, all 64 bits of it, unsigned. */
  readonly bits: bigint;
  /** Content of a length-delimited, 32-bit or 64-bit field. */
  readonly bytes: Uint8Array;
}

/** A message that does not parse; the reader of a format wraps it with the file's name. */
export class ProtobufError extends Error {}

const empty = new Uint8Array(0);

/** The fields of one message, in order. `ProtobufError` where the bytes are no message. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  let position = 0;
  while (position < bytes.length) {
    const key = readVarint(bytes, position);
    position = key.end;
    const number = Math.floor(key.value / 8);
    const wire = key.value % 8;
    if (number < 1) throw new ProtobufError("a field has no number");
    if (wire === 0) {
      const varint = readVarint(bytes, position);
      position = varint.end;
      yield { number, wire, integer: varint.value, bits: varint.bits, bytes: empty };
      continue;
    }
    let length = wire === 5 ? 4 : wire === 1 ? 8 : 0;
    if (wire === 2) {
      const varint = readVarint(bytes, position);
      position = varint.end;
      length = varint.value;
    } else if (length === 0) throw new ProtobufError(`wire type ${wire} is unknown`);
    if (length < 0 || position + length > bytes.length) throw new ProtobufError("a field is longer than its message");
    yield { number, wire, integer: 0, bits: 0n, bytes: bytes.subarray(position, position + length) };
    position += length;
  }
}

/** The varints of a packed field. */
export function readPackedIntegers(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let position = 0; position < bytes.length;) {
    const varint = readVarint(bytes, position);
    values.push(varint.value);
    position = varint.end;
  }
  return values;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly bits: bigint; readonly end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new ProtobufError("a number is cut off");
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) return { value: Number(BigInt.asIntN(64, value)), bits: BigInt.asUintN(64, value), end: start + index + 1 };
  }
  throw new ProtobufError("a number is too long");
}

/** Writes one message, field by field. Nested messages are written as bytes of their own writer. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  integer(number: number, value: number | bigint): this {
    return this.#varint(BigInt(number * 8)).#varint(BigInt(value));
  }

  float(number: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#varint(BigInt(number * 8 + 5)).#add(bytes);
  }

  /** Eight bytes as they are, little-endian. */
  fixed64(number: number, bits: bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, bits), true);
    return this.#varint(BigInt(number * 8 + 1)).#add(bytes);
  }

  fixed32(number: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
    return this.#varint(BigInt(number * 8 + 5)).#add(bytes);
  }

  double(number: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#varint(BigInt(number * 8 + 1)).#add(bytes);
  }

  /** The content is not copied before `finish`. */
  bytes(number: number, content: Uint8Array): this {
    return this.#varint(BigInt(number * 8 + 2)).#varint(BigInt(content.length)).#add(content);
  }

  text(number: number, content: string): this {
    return this.bytes(number, new TextEncoder().encode(content));
  }

  message(number: number, content: MessageWriter): this {
    return this.bytes(number, content.finish());
  }

  /** Fields that were written before. */
  splice(fields: Uint8Array): this {
    return this.#add(fields);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let position = 0;
    for (const part of this.#parts) {
      whole.set(part, position);
      position += part.length;
    }
    return whole;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  #varint(value: bigint): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.#add(Uint8Array.from(bytes));
  }
}
