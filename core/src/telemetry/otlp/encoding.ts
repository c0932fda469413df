/** OTLP in both of its encodings, by the table of its messages: each becomes the same plain objects, in the form of OTLP's JSON. Unknown fields are passed over, as the protocol wants. */
import { HolonError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { MessageWriter, readFields, type Field } from "../../model/protobuf.ts";
import { fromHex, toHex } from "../../log/hex.ts";
import { fromBase64, toBase64 } from "../../series/base64.ts";
import { fieldsOf, type FieldType, type MessageName, type Scalar } from "./messages.ts";

export type OtlpMessage = { [field: string]: OtlpValue };
export type OtlpValue = string | number | boolean | OtlpMessage | OtlpValue[];

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

const bad = (what: string, cause?: unknown): HolonError => new HolonError("HOLON_ARGUMENT_BAD", `the body is no OTLP: ${what}`, { ...(cause === undefined ? {} : { cause }), next: "Send it as an OpenTelemetry SDK does, as application/json or application/x-protobuf." });

export function decodeProtobuf(message: MessageName, bytes: Uint8Array): OtlpMessage {
  try {
    return read(message, bytes, 0);
  } catch (error) {
    throw error instanceof HolonError ? error : bad("it does not parse", error);
  }
}

function read(message: MessageName, bytes: Uint8Array, depth: number): OtlpMessage {
  if (depth > limits.payloadDepthMax) throw bad(`it is nested more than ${limits.payloadDepthMax} deep`);
  const known = fieldsOf(message);
  const object: OtlpMessage = {};
  for (const field of readFields(bytes)) {
    const type = known.find(({ number }) => number === field.number);
    if (type === undefined) continue;
    if (!type.isList) object[type.name] = valueOf(type, field, depth);
    else {
      const before = object[type.name];
      const list = Array.isArray(before) ? before : (object[type.name] = []);
      if (field.wire === 2 && isPackable(type.type)) list.push(...unpacked(type.type, field.bytes));
      else list.push(valueOf(type, field, depth));
    }
  }
  return object;
}

const isPackable = (type: FieldType["type"]): type is Scalar => type === "double" || type === "fixed64" || type === "uint64";

function unpacked(type: Scalar, bytes: Uint8Array): OtlpValue[] {
  if (type === "uint64") return [...readFields(varints(bytes))].map(({ bits }) => String(bits));
  if (bytes.length % 8 !== 0) throw bad("a packed field is cut off");
  return Array.from({ length: bytes.length / 8 }, (_, index) => eight(type, bytes.subarray(index * 8, index * 8 + 8)));
}

/** Packed varints as fields, each with a key before it, so that one reader reads both. */
function varints(bytes: Uint8Array): Uint8Array {
  const keyed: number[] = [];
  let isStart = true;
  for (const byte of bytes) {
    if (isStart) keyed.push(8);
    keyed.push(byte);
    isStart = byte < 128;
  }
  return Uint8Array.from(keyed);
}

function eight(type: Scalar, bytes: Uint8Array): OtlpValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  if (type === "double") return fromDouble(view.getFloat64(0, true));
  return String(type === "sfixed64" ? view.getBigInt64(0, true) : view.getBigUint64(0, true));
}

/** What JSON has no number for is text there. */
const fromDouble = (value: number): OtlpValue => (Number.isFinite(value) ? value : String(value));

const wires: Readonly<Record<Scalar, number>> = { string: 2, bool: 0, int32: 0, uint32: 0, sint32: 0, enum: 0, int64: 0, uint64: 0, fixed32: 5, fixed64: 1, sfixed64: 1, double: 1, hex: 2, base64: 2 };

function valueOf({ type, name }: FieldType, { wire, integer, bits, bytes }: Field, depth: number): OtlpValue {
  if (wire !== ((wires as Readonly<Record<string, number>>)[type] ?? 2)) throw bad(`${name} is of another type`);
  switch (type) {
    case "string":
      return decoder.decode(bytes);
    case "hex":
      return toHex(bytes);
    case "base64":
      return toBase64(bytes);
    case "bool":
      return integer !== 0;
    case "int32":
    case "uint32":
    case "enum":
      return integer;
    case "sint32":
      return integer % 2 === 0 ? integer / 2 : -(integer + 1) / 2;
    case "int64":
      return String(BigInt.asIntN(64, bits));
    case "uint64":
      return String(bits);
    case "fixed32":
      return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    case "fixed64":
    case "sfixed64":
    case "double":
      return eight(type, bytes);
    default:
      return read(type, bytes, depth + 1);
  }
}

export const encodeProtobuf = (message: MessageName, value: OtlpMessage): Uint8Array<ArrayBuffer> => write(message, value).finish();

function write(message: MessageName, value: OtlpMessage): MessageWriter {
  const writer = new MessageWriter();
  for (const field of fieldsOf(message)) {
    const content = value[field.name];
    if (content === undefined) continue;
    for (const one of field.isList && Array.isArray(content) ? content : [content]) put(writer, field, one);
  }
  return writer;
}

function put(writer: MessageWriter, { number, type, name }: FieldType, value: OtlpValue): void {
  switch (type) {
    case "string":
      return void writer.text(number, String(value));
    case "hex":
      return void writer.bytes(number, fromHex(String(value)));
    case "base64":
      return void writer.bytes(number, fromBase64(String(value)));
    case "bool":
      return void writer.integer(number, value === true ? 1 : 0);
    case "int32":
    case "uint32":
    case "enum":
      return void writer.integer(number, Number(value));
    case "sint32":
      return void writer.integer(number, Number(value) < 0 ? -2 * Number(value) - 1 : 2 * Number(value));
    case "int64":
    case "uint64":
      return void writer.integer(number, BigInt(String(value)));
    case "fixed32":
      return void writer.fixed32(number, Number(value));
    case "fixed64":
    case "sfixed64":
      return void writer.fixed64(number, BigInt(String(value)));
    case "double":
      return void writer.double(number, Number(value));
    default:
      if (typeof value !== "object" || Array.isArray(value)) throw bad(`${name} is no object`);
      writer.message(number, write(type, value));
  }
}

/** From parsed JSON: what is known of it, in the one form. */
export function fromJson(message: MessageName, value: unknown, depth = 0): OtlpMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(`a ${message} is no object`);
  if (depth > limits.payloadDepthMax) throw bad(`it is nested more than ${limits.payloadDepthMax} deep`);
  const object: OtlpMessage = {};
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const field of fieldsOf(message)) {
    const content = entries.get(field.name);
    if (content === undefined || content === null) continue;
    if (field.isList && !Array.isArray(content)) throw bad(`${field.name} is no list`);
    object[field.name] = field.isList && Array.isArray(content) ? content.map((one: unknown) => fromJsonValue(field, one, depth)) : fromJsonValue(field, content, depth);
  }
  return object;
}

/** Standard or URL-safe, with padding or without: JSON of protobuf has either (ProtoJSON, "Type mapping"). */
function base64Of(name: string, text: string): string {
  const body = text.replaceAll("-", "+").replaceAll("_", "/").replace(/={0,2}$/, "");
  try {
    return toBase64(fromBase64(body.padEnd(Math.ceil(body.length / 4) * 4, "=")));
  } catch (error) {
    throw bad(`${name} is no base 64`, error);
  }
}

const integer = /^-?\d{1,20}$/;

function fromJsonValue({ type, name }: FieldType, value: unknown, depth: number): OtlpValue {
  switch (type) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "base64":
      if (typeof value === "string") return base64Of(name, value);
      break;
    case "hex":
      if (typeof value === "string") return value.toLowerCase(); // one that is none costs its item, not all (`ids.ts`)
      break;
    case "bool":
      if (typeof value === "boolean") return value;
      break;
    case "int32":
    case "uint32":
    case "sint32":
    case "enum":
    case "fixed32":
      if (Number.isInteger(Number(value)) && (typeof value === "number" || typeof value === "string") && isWithin(type, BigInt(Number(value)))) return Number(value);
      break;
    case "int64":
    case "uint64":
    case "fixed64":
    case "sfixed64":
      if (((typeof value === "string" && integer.test(value)) || (typeof value === "number" && Number.isInteger(value))) && isWithin(type, BigInt(value))) return String(BigInt(value));
      break;
    case "double":
      if (typeof value === "number") return value;
      if (typeof value === "string" && ["NaN", "Infinity", "-Infinity"].includes(value)) return value;
      break;
    default:
      return fromJson(type, value, depth + 1);
  }
  throw bad(`${name} is no ${type}`);
}

/** What is beyond would come out as another number where it is written as protobuf. */
function isWithin(type: Scalar, value: bigint): boolean {
  const bits = type.endsWith("64") ? 64 : 32;
  return type.startsWith("u") || type.startsWith("fixed") ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
}

export const encodeJson = (value: OtlpMessage): Uint8Array => encoder.encode(JSON.stringify(value));

export function decodeJson(message: MessageName, bytes: Uint8Array): OtlpMessage {
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw bad("it is no JSON", error);
  }
  return fromJson(message, parsed);
}
