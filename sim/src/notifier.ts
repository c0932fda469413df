/** Receivers of alerts in the simulated world: they take, are away, take and lose their answer, and tell a message that they have had by its key. */
import type { Clock, Notifier, NotifierMessage } from "@holon/core/ports.ts";
import { z } from "zod";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

const bodySchema = z.object({ alerts: z.array(z.object({ id: z.string(), subject: z.string(), kind: z.string(), state: z.enum(["firing", "resolved"]), since: z.string(), node: z.string() })) });
type Told = z.infer<typeof bodySchema>["alerts"][number];

export interface Taken extends Told {
  readonly atMs: number;
  readonly key: string;
}

export interface ReceiverHabits {
  /** Of sends: nobody answers, it says later, the answer is lost though the message was taken. */
  readonly away: number;
  readonly later: number;
  readonly lost: number;
}

export class SimReceiver {
  /** What it acted on: the first time that each key came. */
  readonly taken: Taken[] = [];
  /** Messages that came, repetitions too. */
  messages = 0;
  /** Nobody is there at all, for as long as it is so. */
  isClosed = false;
  readonly #keys = new Set<string>();
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #habits: ReceiverHabits;

  constructor(world: World, random: SeededRandom, habits: ReceiverHabits) {
    this.#world = world;
    this.#random = random;
    this.#habits = habits;
  }

  #take({ key, body }: NotifierMessage): void {
    this.messages += 1;
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    for (const alert of bodySchema.parse(JSON.parse(body)).alerts) this.taken.push({ ...alert, key, atMs: this.#world.nowMs });
  }

  /** As a node reaches it: what dies with the node is the answer. */
  portFor(clock: Clock): Notifier {
    const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
    return {
      send: async (_to, message) => {
        const { away, later, lost } = this.#habits;
        const draw = this.#random.uniform();
        await pause(this.#random.between(1, 40));
        if (this.isClosed || draw < away) throw new Error("nobody answers");
        if (draw < away + later) return { outcome: "later", why: "it is busy", afterMs: this.#random.between(500, 3_000) };
        this.#take(message);
        await pause(this.#random.between(1, 400));
        if (draw < away + later + lost) throw new Error("the answer was lost");
        return { outcome: "taken" };
      },
    };
  }
}
