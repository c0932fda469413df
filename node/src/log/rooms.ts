/**
 * Room for bytes that are soon over: taken again instead of made anew. What lies outside of the heap is what the collector of garbage is called for, and
 * where events come in by the batch that was half of all work.
 */
export interface Rooms {
  /** So many bytes, of any content. */
  take(bytes: number): Uint8Array;
  /** To be called when nobody can look at them any more. */
  giveBack(room: Uint8Array): void;
}

const grainBytes = 64 << 10;
/** Below this there is little to be had. */
const roomBytesMin = 16 << 10;

export function createRooms(heldBytesMax: number): Rooms {
  const free: ArrayBuffer[] = [];
  let held = 0;
  return {
    take(bytes) {
      const place = free.findLastIndex((buffer) => buffer.byteLength >= bytes && buffer.byteLength <= Math.max(4 * bytes, grainBytes));
      const [found] = place < 0 || bytes < roomBytesMin ? [] : free.splice(place, 1);
      if (found !== undefined) held -= found.byteLength;
      const size = bytes < roomBytesMin ? bytes : Math.ceil(bytes / grainBytes) * grainBytes;
      return new Uint8Array(found ?? new ArrayBuffer(size), 0, bytes);
    },
    giveBack({ buffer }) {
      if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < roomBytesMin || held + buffer.byteLength > heldBytesMax) return;
      held += buffer.byteLength;
      free.push(buffer);
    },
  };
}
