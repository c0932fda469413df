/** What every load client does: keeps so many messages unacknowledged on one connection, never more, until all are acknowledged. */

export interface LoadTarget {
  readonly port: number;
  payloadOf(index: number): Buffer;
}

export interface LoadClient {
  /** Sends messages `from` to `from + count - 1` in one write. */
  send(from: number, count: number): void;
  readonly closed: Promise<void>;
  close(): void;
}

/** `acknowledged` is called with how many more messages, in the order of sending, the server has answered for. */
export type OpenLoadClient = (target: LoadTarget, acknowledged: (count: number) => void) => Promise<LoadClient>;

export interface LoadOptions {
  readonly from: number;
  readonly count: number;
  readonly inFlightMax: number;
  /** Without it: as fast as the server acknowledges. */
  readonly perSecond?: number;
  /** Told how far the acknowledgements have come. */
  progress?(acknowledged: number): void;
}

/** Resolves with how many were acknowledged: all, or as many as were when the connection ended. */
export async function drive(open: OpenLoadClient, target: LoadTarget, { from, count, inFlightMax, perSecond, progress }: LoadOptions): Promise<number> {
  let sent = 0;
  let acknowledged = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const startMs = performance.now();
  const client = await open(target, (more) => {
    acknowledged += more;
    progress?.(acknowledged);
    if (acknowledged >= count) finish();
    else if (perSecond === undefined) fill();
  });
  function fill(): void {
    const due = perSecond === undefined ? count : Math.min(count, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    const room = Math.min(inFlightMax - (sent - acknowledged), due - sent);
    // Half a window at a time: one write for many, while the server still has the other half to do.
    if (room <= 0 || (perSecond === undefined && room < inFlightMax / 8 && sent + room < count && acknowledged < sent)) return;
    client.send(from + sent, room);
    sent += room;
  }
  const timer = perSecond === undefined ? undefined : setInterval(fill, paceMs);
  fill();
  await Promise.race([finished, client.closed]);
  clearInterval(timer);
  client.close();
  return acknowledged;
}

const paceMs = 10;
