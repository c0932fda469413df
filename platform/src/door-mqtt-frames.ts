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
  let have = 0;
  /** Bytes of the packet at the front, as far as its header tells. */
  let need = 2;

  const joined = (): Buffer => {
    const whole = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces, have);
    pieces = [whole];
    return whole;
  };

  return {
    push(piece) {
      pieces.push(piece);
      have += piece.length;
    },
    firstByte: () => pieces[0]?.[0],
    next() {
      while (have >= need) {
        const front = joined();
        const size = packetSize(front);
        if (size === undefined) {
          need = front.length + 1;
          return undefined;
        }
        if (size > packetBytesMax) throw new MqttViolation(`a packet of ${size} bytes is over the limit of ${packetBytesMax}`);
        need = size;
        if (have < size) return undefined;
        pieces = have === size ? [] : [front.subarray(size)];
        have -= size;
        need = 2;
        return front.subarray(0, size);
      }
      return undefined;
    },
  };
}

/** Size of the packet at the front of the bytes, or undefined where its length is not there yet (section 2.2.3). */
function packetSize(front: Buffer): number | undefined {
  let remaining = 0;
  for (let index = 0; index < 4; index++) {
    const byte = front[1 + index];
    if (byte === undefined) return undefined;
    remaining += (byte & 127) * 128 ** index;
    if (byte < 128) return 2 + index + remaining;
  }
  throw new MqttViolation("a packet's length takes more than four bytes");
}
