/** Cuts a socket's bytes into whole MQTT control packets (MQTT 3.1.1 section 2.2), so that a packet's size is known before it is kept. */

export interface PacketCutter {
  push(piece: Buffer): void;
  /** First byte of the packet at the front, as soon as it is there. */
  firstByte(): number | undefined;
  /** The next whole packet, fixed header included, or undefined until more has come. Throws `MqttViolation`. */
  next(): Buffer | undefined;
}

/** The peer does not keep to the protocol: its connection is closed (section 4.8). */
export class MqttViolation extends Error {
  override readonly name = "MqttViolation";
}

export function createPacketCutter(packetBytesMax: number): PacketCutter {
  let pieces: Buffer[] = [];
  /** Where the next packet begins in the first piece. */
  let at = 0;
  let have = 0;
  /** Bytes of the packet at the front, as far as its header tells. */
  let need = 2;
  const joined = (): Buffer => {
    const [first = Buffer.alloc(0), ...rest] = pieces;
    if (rest.length === 0) return first;
    const whole = Buffer.concat([first.subarray(at), ...rest], have);
    pieces = [whole];
    at = 0;
    return whole;
  };
  return {
    push(piece) {
      pieces.push(piece);
      have += piece.length;
    },
    firstByte: () => pieces[0]?.[at],
    next() {
      while (have >= need) {
        const front = joined();
        const size = packetSize(front, at);
        if (size === undefined) {
          need = have + 1;
          return undefined;
        }
        if (size > packetBytesMax) throw new MqttViolation(`a packet of ${size} bytes is over the limit of ${packetBytesMax}`);
        need = size;
        if (have < size) return undefined;
        const packet = front.subarray(at, at + size);
        at += size;
        have -= size;
        need = 2;
        if (have === 0) {
          pieces = [];
          at = 0;
        }
        return packet;
      }
      return undefined;
    },
  };
}

/** Size of the packet that begins there, or undefined where its length is not there yet (section 2.2.3). */
function packetSize(bytes: Buffer, at: number): number | undefined {
  let remaining = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return undefined;
    remaining += (byte & 127) * 128 ** index;
    if (byte < 128) return 2 + index + remaining;
  }
  throw new MqttViolation("a packet's length takes more than four bytes");
}
