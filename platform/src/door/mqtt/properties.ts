/** Properties of a PUBLISH packet of MQTT 5 (section 2.2.2): walked over, and of the user properties that one is read which says the way of the message. */
import { MqttViolation } from "./frames.ts";

/** W3C Trace Context: MQTT. */
const traceparentName = "traceparent";
/** Nobody's `traceparent` is longer. */
const traceparentBytesMax = 256;

/** Where the payload begins, and what the properties in front of it say. */
export interface Properties {
  readonly end: number;
  readonly traceparent?: string;
}

const malformed = (): MqttViolation => new MqttViolation("a packet is malformed: its properties are wrong");

/** Properties from `at` on. Throws `MqttViolation`, also for a topic alias, of which the door has said that it takes none. */
export function readProperties(packet: Buffer, at: number): Properties {
  const length = variableInteger(packet, at);
  const end = length.end + length.value;
  if (end > packet.length) throw malformed();
  let traceparent: string | undefined;
  for (let next = length.end; next < end; ) {
    const id = packet[next] ?? 0;
    next += 1;
    if (id === 0x26) {
      const name = textAt(packet, next, end);
      const value = textAt(packet, name.end, end);
      if (traceparent === undefined && value.end - value.start <= traceparentBytesMax && isName(packet, name)) traceparent = packet.toString("latin1", value.start, value.end);
      next = value.end;
    } else next = behind(packet, id, next, end);
    if (next > end) throw malformed();
  }
  return { end, ...(traceparent === undefined ? {} : { traceparent }) };
}

/** Section 3.3.2.3: payload format, message expiry, content type, response topic and correlation data say nothing to this door. */
function behind(packet: Buffer, id: number, at: number, end: number): number {
  if (id === 0x01) return at + 1;
  if (id === 0x02) return at + 4;
  if (id === 0x03 || id === 0x08 || id === 0x09) return textAt(packet, at, end).end;
  throw id === 0x23 ? new MqttViolation("a topic alias was used, and none was granted") : malformed();
}

function textAt(packet: Buffer, at: number, end: number): { readonly start: number; readonly end: number } {
  if (at + 2 > end) throw malformed();
  const start = at + 2;
  const behindText = start + packet.readUInt16BE(at);
  if (behindText > end) throw malformed();
  return { start, end: behindText };
}

const isName = (packet: Buffer, { start, end }: { readonly start: number; readonly end: number }): boolean => end - start === traceparentName.length && packet.toString("latin1", start, end).toLowerCase() === traceparentName;

/** Section 1.5.5. */
function variableInteger(packet: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = packet[at + index];
    if (byte === undefined) throw malformed();
    value += (byte & 127) * 128 ** index;
    if (byte < 128) return { value, end: at + index + 1 };
  }
  throw malformed();
}
