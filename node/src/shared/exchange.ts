/**
 * Anti-entropy: what changed here since the node above last heard of it goes up, what changed there since this one last asked comes down.
 *
 * Every node numbers the changes of what it holds. The numbers count within one generation, which is new with each opening of the log, so that
 * one that was put back from a backup is asked for everything again. A merge that changes nothing gets no number, so everything comes to
 * rest. Nothing of it is kept on disk: a node that starts anew sends and asks for all once, and what is there already changes nothing.
 */
import { toHolonError, HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Random, Timer, Trace } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { EgressRule } from "@holon/core/schema/app.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import type { Guard } from "../policy/guard.ts";
import type { SharedEntry, SharedStore } from "./store.ts";
import { exchangeMethod, parseAnswer, parseRequest, type ExchangeAnswer, type WireEntry } from "./wire.ts";

export interface Partner {
  readonly peer: Peer;
  /** Whether what changed here is sent there. A sibling asks for it itself. */
  readonly isAbove: boolean;
  /** Jurisdiction that it stands in, as far as is known. */
  readonly jurisdiction: string | undefined;
}

export interface SharedExchangeOptions {
  readonly store: SharedStore;
  readonly epoch: string;
  readonly calls: Pick<Calls, "callPeer">;
  readonly handlers: Map<string, CallHandler>;
  readonly guard: Pick<Guard, "mayShare">;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
  /** Who can be reached now. */
  partners(): readonly Partner[];
  /** What this node is to run. */
  desired(): Desired | undefined;
}

export interface SharedExchange {
  /** Something changed here, or a link has opened: exchanges soon. */
  wake(): void;
  /** What this node is to run has changed. */
  documentChanged(): void;
  status(): SharedStatus;
  close(): void;
}

export interface SharedStatus {
  readonly keys: number;
  readonly bytes: number;
  readonly exchanges: readonly {
    readonly with: string;
    /** Since the last exchange that ended well; unknown where none did yet. */
    readonly agoMs: number | undefined;
    readonly problem: { readonly code: string; readonly message: string } | undefined;
  }[];
}

/** How far this node and another one have each other's. */
interface Cursor {
  generation: string | undefined;
  readonly pulled: Map<string, number>;
  pushed: number;
  /** Texts that both are known to hold, so that what came from there is not sent back. */
  readonly agreed: Map<string, string>;
  doneMs: number | undefined;
  problem: HolonError | undefined;
}

interface Page {
  readonly sent: readonly SharedEntry[];
  /** Number of the last change that it covers. */
  readonly through: number;
  readonly isWhole: boolean;
}

const encoder = new TextEncoder();

export function createSharedExchange(options: SharedExchangeOptions): SharedExchange {
  const { store, calls, guard } = options;
  const { clock, random, trace } = options.ports;
  const cursors = new Map<string, Cursor>();
  /** Asked for by nodes below, the newest last. */
  const askedFor = new Set<string>();
  const tooLarge = new Set<string>();
  let rules = new Map<string, readonly EgressRule[]>();
  let own: readonly string[] = [];
  let version = 0;
  let timer: Timer | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  let busy = false;
  let again = false;
  let closed = false;

  const generation = (): string => `${options.epoch}.${version}`;
  const wanted = (): readonly string[] => [...new Set([...own, ...askedFor])];
  const isIdle = (): boolean => store.changes === 0 && own.length + askedFor.size === 0;

  function readDocument(): void {
    const desired = options.desired();
    version = desired?.version ?? 0;
    rules = new Map((desired?.apps ?? []).map((app) => [app.name, app.egress]));
    own = (desired?.apps ?? []).filter(({ shared = [] }) => shared.length > 0).map(({ name }) => name);
    for (const cursor of cursors.values()) cursor.pushed = 0; // other rules: what was held back is asked about anew
  }

  function schedule(delayMs: number): void {
    const atMs = clock.monotonicMs() + delayMs;
    if (closed || isIdle() || atMs >= dueMs) return;
    timer?.cancel();
    dueMs = atMs;
    timer = clock.after(delayMs, () => {
      dueMs = Number.POSITIVE_INFINITY;
      void round(); // never rejects
    });
  }

  async function round(): Promise<void> {
    if (busy) return void (again = true);
    busy = true;
    again = false;
    for (const partner of options.partners()) if (!closed) await exchangeWith(partner);
    busy = false;
    schedule(again ? limits.sharedSoonMs : limits.sharedEveryMs * (0.75 + random.uniform() / 2));
  }

  async function exchangeWith({ peer, isAbove, jurisdiction }: Partner): Promise<void> {
    const cursor = cursorOf(peer.name);
    try {
      for (let count = 0; count < limits.sharedCallsMax && !closed; count++) if (await exchangeOnce(peer, cursor, isAbove, jurisdiction)) break;
      cursor.doneMs = clock.monotonicMs();
      cursor.problem = undefined;
    } catch (error) {
      const problem = toHolonError(error);
      if (cursor.problem?.message !== problem.message) trace.note("warn", `shared state with ${peer.name}: ${problem.message}`, { code: problem.code });
      cursor.problem = problem;
    }
  }

  /** Whether both have what the other had. */
  async function exchangeOnce(peer: Peer, cursor: Cursor, isAbove: boolean, destination: string | undefined): Promise<boolean> {
    const page = isAbove ? await pageOf(store.entries(), cursor.pushed, destination, (entry) => cursor.agreed.get(entry.id) === entry.text) : nothing;
    const apps = wanted().map((app): [string, number] => [app, cursor.pulled.get(app) ?? 0]);
    const answer = parseAnswer(await calls.callPeer(peer, exchangeMethod, { generation: cursor.generation ?? null, apps, entries: page.sent.map(toWire) }, limits.sharedCallMs));
    await store.merge(answer.entries);
    if (cursor.generation !== answer.generation) {
      // It may know less than it did: what it confirmed before counts no more.
      const isFirst = cursor.generation === undefined;
      cursor.generation = answer.generation;
      cursor.agreed.clear();
      cursor.pushed = isFirst ? page.through : 0;
    } else cursor.pushed = Math.max(cursor.pushed, page.through);
    for (const { id, text } of page.sent) cursor.agreed.set(id, text);
    for (const { id, text } of answer.entries) {
      const held = store.entry(id)?.text;
      if (held === text) cursor.agreed.set(id, held); // the store's own text, so that it is held once
    }
    for (const [app, through] of answer.apps) cursor.pulled.set(app, through);
    return page.isWhole && !answer.more && (!isAbove || cursor.pushed >= page.through);
  }

  function cursorOf(name: string): Cursor {
    const cursor = cursors.get(name) ?? { generation: undefined, pulled: new Map(), pushed: 0, agreed: new Map(), doneMs: undefined, problem: undefined };
    cursors.set(name, cursor);
    return cursor;
  }

  /** Of the entries behind a number, those that may leave and that the other end lacks, as many as fit. */
  async function pageOf(entries: readonly SharedEntry[], since: number, destination: string | undefined, isThere: (entry: SharedEntry) => boolean, bytesMax = limits.sharedCallBytesMax): Promise<Page & { readonly bytes: number }> {
    const sent: SharedEntry[] = [];
    let bytes = 0;
    let through = since;
    for (const entry of entries) {
      if (entry.change <= since) continue;
      if (!isThere(entry) && (await mayLeave(entry, destination))) {
        const size = encoder.encode(JSON.stringify(toWire(entry))).length + 1;
        if (size > wireEntryBytesMax) tellTooLarge(entry.id, size);
        else {
          if (bytes > 0 && bytes + size > bytesMax) return { sent, through, isWhole: false, bytes };
          bytes += size;
          sent.push(entry);
        }
      }
      through = entry.change;
    }
    return { sent, through, isWhole: true, bytes };
  }

  function tellTooLarge(id: string, size: number): void {
    if (!tooLarge.has(id)) trace.note("error", `shared ${id} stays here: it has ${size} bytes, a call takes ${wireEntryBytesMax}`, { code: "HOLON_SHARED_FULL" });
    tooLarge.add(id);
  }

  const mayLeave = ({ key: { app, name }, class: dataClass, change }: SharedEntry, destination: string | undefined): Promise<boolean> => guard.mayShare({ app, name, class: dataClass, rules: rules.get(app), destination, policyVersion: version, change });

  async function answerTo(parameters: unknown): Promise<unknown> {
    const request = parseRequest(parameters);
    await store.merge(request.entries);
    ask(request.apps.map(([app]) => app));
    const pushed = new Map(request.entries.map(({ id, text }) => [id, text]));
    const apps: ExchangeAnswer["apps"] = [];
    const entries: WireEntry[] = [];
    const said = generation();
    let left = limits.sharedCallBytesMax;
    let more = false;
    for (const [app, known] of request.apps) {
      const since = request.generation === said ? known : 0;
      if (more || store.lastChange(app) <= since) {
        apps.push([app, since]);
        continue;
      }
      const page = await pageOf(store.entries(app), since, undefined, (entry) => pushed.get(entry.id) === entry.text, Math.max(1, left));
      left -= page.bytes;
      more = !page.isWhole || left <= 0;
      apps.push([app, page.through]);
      entries.push(...page.sent.map(toWire));
    }
    return { generation: said, apps, entries, more };
  }

  function ask(apps: readonly string[]): void {
    const fresh = apps.filter((app) => !askedFor.has(app));
    for (const app of apps) askedFor.delete(app);
    for (const app of apps) askedFor.add(app);
    for (const app of askedFor) if (askedFor.size > limits.sharedAppsMax) askedFor.delete(app);
    if (fresh.length > 0) schedule(limits.sharedSoonMs);
  }

  options.handlers.set(exchangeMethod, answerTo);
  readDocument();
  return {
    wake() {
      if (busy) again = true;
      schedule(limits.sharedSoonMs);
    },
    documentChanged() {
      readDocument();
      schedule(limits.sharedSoonMs);
    },
    status: () => ({
      keys: store.entries().length,
      bytes: store.bytes,
      exchanges: [...cursors].map(([name, { doneMs, problem }]) => ({
        with: name,
        agoMs: doneMs === undefined ? undefined : clock.monotonicMs() - doneMs,
        problem: problem && { code: problem.code, message: problem.message },
      })),
    }),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

const nothing: Page = { sent: [], through: 0, isWhole: true };
/** Both the frame and JSON's own signs have to find room beside it. */
const wireEntryBytesMax = limits.callBytesMax - limits.sharedCallBytesMax - 4_096;

function toWire({ id, class: dataClass, text }: SharedEntry): WireEntry {
  if (dataClass === "raw" || dataClass === "personal") throw new HolonError("HOLON_POLICY_DENIED", `shared ${id} is ${dataClass}, which never leaves`);
  return [id, dataClass, text];
}
