/** A node as somebody far away looks into it: what it answers to whom stands above, and what is asked of others at its own API. */
import type { Clock } from "@holon/core/ports.ts";
import type { Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import type { Uplink } from "../link/uplink.ts";
import { answerDiagnosis, type AnsweringContext } from "./answering.ts";
import { createDesk, type Desk } from "./desk.ts";

export interface Diagnosis {
  readonly desk: Desk;
  close(): void;
}

export function createDiagnosis(context: AnsweringContext & { readonly calls: Calls }): Diagnosis {
  const { log, events, calls, handlers, ports, ownLines, telemetry } = context;
  const answering = answerDiagnosis(context);
  const desk = createDesk({ self: log.origin, log, events, calls, handlers, standing: telemetry?.standing, ports });
  return {
    desk,
    close() {
      answering.close();
      desk.close();
      ownLines.close();
    },
  };
}

/** What people ask for waits until it is in nobody's way on the uplink. */
export function createRoom(clock: Clock, uplink: () => Uplink | undefined): (peer: Peer, bytes: number, isOver: () => boolean) => Promise<void> {
  return async (peer, bytes, isOver) => {
    for (;;) {
      const way = uplink();
      const waitMs = way?.peer() === peer ? way.roomMs(bytes) : 0;
      if (waitMs === 0 || isOver()) return;
      await new Promise<void>((resolve) => clock.after(Math.min(waitMs, roomLookMs), resolve));
    }
  };
}

const roomLookMs = 1_000;
