/**
 * Ids of traces and spans in what is OTLP otherwise: 16 and 8 bytes, and a span's own not all zeros (opentelemetry-proto, `Span`). A collector that holds to it refuses a whole request for one of them, so that an
 * item that has one goes neither into the log nor out of it.
 */
import type { OtlpMessage, OtlpValue } from "./encoding.ts";
import { shapes, type Signal } from "./convert.ts";
import { fieldsOf, isMessage, type MessageName } from "./messages.ts";

const digitsOf = (name: string): number => (name === "traceId" ? 32 : 16);
const isHex = /^[0-9a-f]*$/;
const isZeros = /^0*$/;

/** Which id of an item is none, in words; undefined where all of them are well. */
export function badIdIn(signal: Signal, item: OtlpMessage): string | undefined {
  return badIn(shapes[signal].item, item);
}

function badIn(message: MessageName, value: OtlpMessage): string | undefined {
  for (const { name, type, isList } of fieldsOf(message)) {
    const content = value[name];
    if (type === "hex") {
      const bad = badId(message, name, typeof content === "string" ? content : "");
      if (bad !== undefined) return bad;
      continue;
    }
    if (content === undefined || !mayHoldIds(type)) continue;
    for (const one of isList ? objectsIn(content) : objectsIn([content])) {
      const bad = badIn(type, one);
      if (bad !== undefined) return bad;
    }
  }
  return undefined;
}

/** Elsewhere than in a span an id may be left out; that of what led to a span is, where nothing did. */
function badId(message: MessageName, name: string, id: string): string | undefined {
  const isOwn = message === "Span" && name !== "parentSpanId";
  const digits = digitsOf(name);
  if (id === "" && !isOwn) return undefined;
  if (id.length !== digits || !isHex.test(id)) return `the ${name} of a ${message} is not of ${digits / 2} bytes`;
  return isOwn && isZeros.test(id) ? `the ${name} of a ${message} is all zeros` : undefined;
}

/** Messages that bear ids themselves or have others that do: attributes, which are most of an item, do not. */
const bearers = new Map<MessageName, boolean>();
function mayHoldIds(type: string): type is MessageName {
  if (!isMessage(type)) return false;
  const known = bearers.get(type);
  if (known !== undefined) return known;
  bearers.set(type, false); // a message within itself bears no more than it did
  const bears = fieldsOf(type).some((field) => field.type === "hex" || mayHoldIds(field.type));
  bearers.set(type, bears);
  return bears;
}

export const objectsIn = (value: OtlpValue | undefined): readonly OtlpMessage[] => (Array.isArray(value) ? value.filter((one): one is OtlpMessage => typeof one === "object" && !Array.isArray(one)) : []);

/** A resource without items of which an id is none, and how many those were. */
export function withoutBadIds(signal: Signal, resource: OtlpMessage): { readonly resource: OtlpMessage; readonly left: number; readonly why: string | undefined } {
  const { scopes, items } = shapes[signal];
  let left = 0;
  let why: string | undefined;
  const kept = objectsIn(resource[scopes]).map((scope) => {
    const good = objectsIn(scope[items]).filter((item) => {
      const bad = badIdIn(signal, item);
      if (bad === undefined) return true;
      left += 1;
      why ??= bad;
      return false;
    });
    return { ...scope, [items]: good };
  });
  return left === 0 ? { resource, left, why } : { resource: { ...resource, [scopes]: kept }, left, why };
}
