/**
 * Whether this node may run what stops on islands. It asks control, by way of those above, and may for a lease from the moment it asked; control counts the same lease from the moment
 * it answered, and longer by the drift of clocks, before it starts such a unit elsewhere. Who holds an older document than was issued is given none; it is of what that document names, which `desired/named.ts` says.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import { planMethods, renewedSchema, renewSchema } from "@holon/core/schema/node-report.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { passesUp } from "../moving/pass-up.ts";

export interface LeaseOptions {
  readonly self: NodeName;
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** The way up, if it is open. */
  above(): Peer | undefined;
  /** Whether who asks may speak for the node that the question names. */
  speaksFor(peer: NodeName, node: string): boolean;
  /** Version of the desired document that is held. */
  version(): number;
  /** It holds now and did not, or the other way round, or another one holds. */
  changed(): void;
}

export interface Lease {
  start(): void;
  holds(): boolean;
  /** Of the present lease, through its renewals: another one after each that was over. Undefined where none holds. */
  tenure(): string | undefined;
  /** A link has opened, or another document has come. */
  askSoon(): void;
  close(): void;
}

export function createLease(options: LeaseOptions): Lease {
  const { self, calls, handlers, ports } = options;
  const { clock } = ports;
  let untilMs = Number.NEGATIVE_INFINITY;
  let tenures = 0;
  let held = false;
  let timer: Timer | undefined;
  let ending: Timer | undefined;
  let asking = false;
  let again = false;
  let started = false;
  let closed = false;

  const askUp = passesUp({ self, method: planMethods.renew, schema: renewSchema, calls, handlers, above: options.above, speaksFor: options.speaksFor });
  handlers.set(planMethods.echo, () => Promise.resolve(null));

  const holds = (): boolean => !closed && clock.elapsedMs() < untilMs;

  function tell(): void {
    if (closed || holds() === held) return;
    held = holds();
    options.changed();
  }

  async function ask(): Promise<void> {
    if (!askUp.hasWay()) return;
    const askedMs = clock.elapsedMs();
    const version = options.version();
    const answer = renewedSchema.parse(await askUp({ node: self, version }));
    if (closed || version < answer.version) return;
    const isAnother = clock.elapsedMs() >= untilMs;
    if (isAnother) tenures += 1;
    untilMs = askedMs + limits.nodeLeaseMs;
    ending?.cancel();
    ending = clock.after(Math.max(0, untilMs - clock.elapsedMs()), tell);
    // Nobody may have noticed that the one before was over: what was begun under it is to end all the same.
    if (isAnother && held && holds()) options.changed();
    else tell();
  }

  /** One question at a time. */
  function askNow(): void {
    if (!started || closed) return;
    if (asking) return void (again = true);
    asking = true;
    timer?.cancel();
    ask()
      .catch((error: unknown) => ports.trace.note("debug", `lease: ${toHolonError(error).message}`))
      .finally(() => {
        asking = false;
        if (closed) return;
        // Who asks itself loads nobody, and is not to wait for longer than control does.
        const isOwn = options.above() === undefined && askUp.hasWay();
        timer = clock.after(again ? 0 : isOwn && !holds() ? limits.nodeRenewOwnMs : limits.nodeRenewMs, askNow);
        again = false;
      });
  }

  return {
    start() {
      started = true;
      askNow();
    },
    holds,
    tenure: () => (holds() ? String(tenures) : undefined),
    askSoon: askNow,
    close() {
      closed = true;
      timer?.cancel();
      ending?.cancel();
    },
  };
}
