/**
 * Who may send how much to a parent, and when: the rule that keeps a parent whole when all its children come back at once.
 *
 *     arrived ─▶ a little credit unasked ─▶ asked ─▶ room: granted
 *                                             │      no room: waits, longest wait first
 *                                             └────  too many wait: the one that came last is told `later`
 *
 * Credit is counted in record bytes over the life of a session and never taken back. What is granted and not yet on disk is at most
 * the pool, so the memory that children can fill is too. Alarms have a pool of their own.
 *
 * Nobody waits for ever: what is given unasked takes at most half of a pool, and what was granted on asking is used soon or returned
 * by the child. Else children that have nothing to send would come to hold all of it.
 *
 * Fair: who waits is served in the order of its waiting, a turn at a time; one who was told `later` brings its waiting time along,
 * and the times told are spread as the parent gets on, so that each finds a place when it comes. Bounded by the `waitedMs` that
 * enrolled children state: one that overstates it passes others by, and gains no more than their places.
 */
import { limits } from "../limits.ts";
import { createReturnTimes } from "./return-times.ts";

export interface AdmissionBounds {
  readonly creditBytesMax: number;
  readonly alarmCreditBytesMax: number;
  readonly waitingMax: number;
}

export const defaultAdmissionBounds: AdmissionBounds = { creditBytesMax: limits.linkCreditBytesMax, alarmCreditBytesMax: limits.linkAlarmCreditBytesMax, waitingMax: limits.linkWaitingMax };

/** Which pool: `data` is all that is no alarm, and alarms too where their own credit does not reach. */
export type CreditKind = "data" | "alarm";

export interface CreditAsk {
  readonly kind: CreditKind;
  /** What the session has and has not used counts towards it. */
  readonly bytes: number;
  /** How long the child has been waiting for credit, earlier connections included. */
  readonly waitedMs: number;
}

/** What a session is to be told. */
export type AdmissionWord =
  | { readonly word: "credit"; readonly session: number; readonly credit: SessionCredit }
  | { readonly word: "later"; readonly session: number; readonly retryAfterMs: number };

/** Bytes that a session may send in all since it began. */
export interface SessionCredit {
  readonly data: number;
  readonly alarm: number;
}

export interface AdmissionStatus {
  readonly sessions: number;
  readonly waiting: number;
  readonly waitingHigh: number;
  readonly waitingMax: number;
  /** Granted and not yet on disk, both pools; never over `creditBytesMax`. */
  readonly creditBytes: number;
  readonly creditBytesHigh: number;
  readonly creditBytesMax: number;
  /** Of it, granted on asking and not used: 0 again when nobody has anything to send. */
  readonly askedBytes: number;
  /** Received and not yet on disk. */
  readonly heldBytes: number;
  readonly heldBytesHigh: number;
  readonly granted: number;
  readonly toldLater: number;
}

export interface Admission {
  /** A session begins; its number is fresh. */
  arrived(session: number): readonly AdmissionWord[];
  asked(session: number, ask: CreditAsk, nowMs: number): readonly AdmissionWord[];
  /** Record bytes came in. `false` if they are more than was granted: the child does not keep to the protocol. */
  received(session: number, dataBytes: number, alarmBytes: number): boolean;
  /** The child will not use so much of its credit. `undefined` if it has not so much: it does not keep to the protocol. */
  returned(session: number, dataBytes: number, alarmBytes: number, nowMs: number): readonly AdmissionWord[] | undefined;
  /** What came in is on disk, or was refused. */
  settled(session: number, kind: CreditKind, bytes: number, nowMs: number): readonly AdmissionWord[];
  /** A session is over; what came in of it counts until it is settled. */
  left(session: number, nowMs: number): readonly AdmissionWord[];
  /** In how many milliseconds `lapsed` is to be asked; undefined while nobody waits for what was promised to others. */
  lapsesIn(nowMs: number): number | undefined;
  /** What was promised to others and did not come holds nobody up any longer, though nothing happened. */
  lapsed(nowMs: number): readonly AdmissionWord[];
  credit(session: number): SessionCredit;
  status(): AdmissionStatus;
}

interface Account {
  granted: number;
  /** Received, or returned. */
  used: number;
  /** Granted on asking, and not used. */
  asked: number;
  held: number;
  /** Credit that the session is kept at while nobody waits. */
  window: number;
}

interface Session {
  readonly accounts: Readonly<Record<CreditKind, Account>>;
  /** Whether it has asked before. */
  asked: boolean;
  gone: boolean;
}

interface Waiting {
  readonly session: number;
  readonly bytes: number;
  readonly sinceMs: number;
}

interface Pool {
  readonly bytesMax: number;
  /** Granted and not yet on disk. */
  bytes: number;
  /** By `sinceMs`, longest wait first. */
  readonly waiting: Waiting[];
}

/** What was granted is expected within that time. */
const promiseMs = 1_000;
const kinds = ["alarm", "data"] as const;

export function createAdmission(bounds: AdmissionBounds = defaultAdmissionBounds): Admission {
  const sessions = new Map<number, Session>();
  const pools: Readonly<Record<CreditKind, Pool>> = {
    data: { bytesMax: bounds.creditBytesMax, bytes: 0, waiting: [] },
    alarm: { bytesMax: bounds.alarmCreditBytesMax, bytes: 0, waiting: [] },
  };
  const high = { waiting: 0, credit: 0, held: 0 };
  let present = 0;
  let held = 0;
  let askedBytes = 0;
  let granted = 0;
  let toldLater = 0;
  let promises: Promises = { bytes: 0, recentBytes: 0, sinceMs: 0 };
  let pace = startPace;
  const times = createReturnTimes(bounds.waitingMax);

  /** What one session may be given unasked: half of the pool is shared, the other half is for those who ask. */
  const shareOf = (kind: CreditKind): number => Math.floor((kind === "data" ? aheadBytes() : pools.alarm.bytesMax) / 2 / Math.max(1, present));

  const firstWindow = (kind: CreditKind): number => (kind === "data" ? Math.min(limits.linkCreditFirstBytes, shareOf("data")) : limits.linkAlarmCreditFirstBytes);

  /** Data that may be on its way because it was granted. Until the pace is known an eighth of all credit. */
  const aheadBytes = (): number => Math.min(pools.data.bytesMax, Math.max(2 * limits.linkTurnBytes, pace.bytesPerMs === undefined ? pools.data.bytesMax / 8 : pace.bytesPerMs * limits.linkGrantAheadMs));

  /** Whether the first who waits may be granted what it asked for. What was promised and does not come holds nobody up. */
  function hasRoom(kind: CreditKind, bytes: number, nowMs: number): boolean {
    const pool = pools[kind];
    if (pool.bytes + bytes > pool.bytesMax) return false;
    promises = withoutStale(promises, nowMs);
    const ahead = held + promises.bytes;
    return kind === "alarm" || ahead === 0 || ahead + bytes <= aheadBytes();
  }

  function give(session: Session, kind: CreditKind, bytes: number): void {
    session.accounts[kind].granted += bytes;
    pools[kind].bytes += bytes;
    high.credit = Math.max(high.credit, pools.data.bytes + pools.alarm.bytes);
  }

  function use(account: Account, bytes: number): void {
    account.used += bytes;
    const asked = Math.min(account.asked, bytes);
    account.asked -= asked;
    askedBytes -= asked;
  }

  /** Credit unasked, up to the session's window. */
  function topUp(session: Session, kind: CreditKind): boolean {
    const pool = pools[kind];
    const account = session.accounts[kind];
    const missing = account.window - unusedOf(account) - account.held;
    if (session.gone || pool.waiting.length > 0 || missing < account.window / 2 || missing <= 0 || pool.bytes + missing > pool.bytesMax / 2) return false;
    give(session, kind, missing);
    return true;
  }

  function serve(nowMs: number): AdmissionWord[] {
    const served = new Set<number>();
    for (const kind of kinds) {
      const pool = pools[kind];
      for (let first = pool.waiting[0]; first !== undefined && hasRoom(kind, first.bytes, nowMs); first = pool.waiting[0]) {
        pool.waiting.shift();
        const session = sessions.get(first.session);
        if (session === undefined) continue;
        give(session, kind, first.bytes);
        session.accounts[kind].asked += first.bytes;
        askedBytes += first.bytes;
        if (kind === "data") promises = { ...promises, bytes: promises.bytes + first.bytes, recentBytes: promises.recentBytes + first.bytes };
        granted += 1;
        times.served(nowMs);
        served.add(first.session);
      }
    }
    return [...served].map(creditWord);
  }

  const waiting = (): number => pools.data.waiting.length + pools.alarm.waiting.length;

  const credit = (session: number): SessionCredit => {
    const accounts = sessions.get(session)?.accounts;
    return { data: accounts?.data.granted ?? 0, alarm: accounts?.alarm.granted ?? 0 };
  };
  const creditWord = (session: number): AdmissionWord => ({ word: "credit", session, credit: credit(session) });

  /** The data asks that came last make room; an alarm's ask is refused only by alarms. */
  function turnAway(kind: CreditKind, nowMs: number): AdmissionWord[] {
    const words: AdmissionWord[] = [];
    while (waiting() > bounds.waitingMax) {
      const last = pools.data.waiting.pop() ?? (kind === "alarm" ? pools.alarm.waiting.pop() : undefined);
      if (last === undefined) break;
      toldLater += 1;
      words.push({ word: "later", session: last.session, retryAfterMs: times.sentAway(last.sinceMs, waiting(), nowMs) });
    }
    return words;
  }

  function forget(number: number, session: Session): void {
    if (session.gone && session.accounts.data.held === 0 && session.accounts.alarm.held === 0) sessions.delete(number);
  }

  return {
    arrived(number) {
      present += 1;
      const session: Session = { accounts: { data: createAccount(firstWindow("data")), alarm: createAccount(firstWindow("alarm")) }, asked: false, gone: false };
      sessions.set(number, session);
      for (const kind of kinds) topUp(session, kind);
      return [creditWord(number)];
    },
    asked(number, { kind, bytes, waitedMs }, nowMs) {
      const session = sessions.get(number);
      const pool = pools[kind];
      if (session === undefined || session.gone) return [];
      const before = takeOut(pool.waiting, number);
      const sinceMs = Math.min(nowMs - Math.min(waitedMs, limits.linkLaterMaxMs * 10), before?.sinceMs ?? Infinity);
      if (!session.asked && waitedMs > 0) times.returned(sinceMs, nowMs);
      session.asked = true;
      // One that asks and does not send gets no more than it asked for, however often it asks.
      const missing = Math.min(bytes, limits.frameBytesMax, pool.bytesMax) - unusedOf(session.accounts[kind]);
      if (missing <= 0) return [creditWord(number)];
      enqueue(pool.waiting, { session: number, bytes: missing, sinceMs });
      const words = serve(nowMs);
      words.push(...turnAway(kind, nowMs));
      high.waiting = Math.max(high.waiting, waiting());
      return words;
    },
    received(number, dataBytes, alarmBytes) {
      const accounts = sessions.get(number)?.accounts;
      if (accounts === undefined) return false;
      const { data, alarm } = accounts;
      if (dataBytes > unusedOf(data) || alarmBytes > unusedOf(alarm)) return false;
      use(data, dataBytes);
      use(alarm, alarmBytes);
      data.held += dataBytes;
      alarm.held += alarmBytes;
      promises = { ...promises, bytes: Math.max(0, promises.bytes - dataBytes) };
      held += dataBytes + alarmBytes;
      high.held = Math.max(high.held, held);
      return true;
    },
    returned(number, dataBytes, alarmBytes, nowMs) {
      const session = sessions.get(number);
      if (session === undefined) return undefined;
      const { data, alarm } = session.accounts;
      if (dataBytes > unusedOf(data) || alarmBytes > unusedOf(alarm)) return undefined;
      use(data, dataBytes);
      use(alarm, alarmBytes);
      pools.data.bytes -= dataBytes;
      pools.alarm.bytes -= alarmBytes;
      promises = { ...promises, bytes: Math.max(0, promises.bytes - dataBytes) };
      return serve(nowMs);
    },
    settled(number, kind, bytes, nowMs) {
      const session = sessions.get(number);
      if (session === undefined) return [];
      const account = session.accounts[kind];
      account.held -= bytes;
      held -= bytes;
      pools[kind].bytes -= bytes;
      pace = nextPace(pace, bytes, held, nowMs);
      forget(number, session);
      const words = serve(nowMs);
      // Only for who has use for it: credit that lies with others is missing where it is needed.
      if (kind === "data" && unusedOf(account) < account.window / 2) account.window = Math.min(limits.linkInFlightBytesMax, Math.max(account.window, Math.min(account.window * 2, shareOf("data"))));
      if (topUp(session, kind) && !words.some((word) => word.session === number)) words.push(creditWord(number));
      return words;
    },
    left(number, nowMs) {
      const session = sessions.get(number);
      if (session === undefined || session.gone) return [];
      present -= 1;
      session.gone = true;
      for (const kind of kinds) {
        const account = session.accounts[kind];
        pools[kind].bytes -= unusedOf(account);
        askedBytes -= account.asked;
        if (kind === "data") promises = { ...promises, bytes: Math.max(0, promises.bytes - account.asked) }; // it will not come
        account.asked = 0;
        takeOut(pools[kind].waiting, number);
      }
      forget(number, session);
      return serve(nowMs);
    },
    lapsesIn: (nowMs) => (pools.data.waiting.length > 0 && promises.bytes > 0 ? Math.max(1, promises.sinceMs + promiseMs - nowMs) : undefined),
    lapsed: serve,
    credit,
    status: () => ({
      sessions: present,
      waiting: waiting(),
      waitingHigh: high.waiting,
      waitingMax: bounds.waitingMax,
      creditBytes: pools.data.bytes + pools.alarm.bytes,
      creditBytesHigh: high.credit,
      creditBytesMax: bounds.creditBytesMax + bounds.alarmCreditBytesMax,
      askedBytes,
      heldBytes: held,
      heldBytesHigh: high.held,
      granted,
      toldLater,
    }),
  };
}

const createAccount = (window: number): Account => ({ granted: 0, used: 0, asked: 0, held: 0, window });

/** What the session may still send. */
const unusedOf = ({ granted, used }: Account): number => granted - used;

/** Granted because it was asked for, and not come yet. What does not come soon, or was not needed, is forgotten. */
interface Promises {
  readonly bytes: number;
  /** Of them, granted in the present stretch of time. */
  readonly recentBytes: number;
  readonly sinceMs: number;
}

function withoutStale({ bytes, recentBytes, sinceMs }: Promises, nowMs: number): Promises {
  if (nowMs - sinceMs < promiseMs) return { bytes, recentBytes, sinceMs };
  const kept = nowMs - sinceMs < 2 * promiseMs ? Math.min(bytes, recentBytes) : 0;
  return { bytes: kept, recentBytes: 0, sinceMs: nowMs };
}

/** How fast what comes in gets onto the disk, while there is something to do. */
interface Pace {
  readonly bytesPerMs: number | undefined;
  /** The present stretch of measuring. */
  readonly sinceMs: number | undefined;
  readonly bytes: number;
}

const startPace: Pace = { bytesPerMs: undefined, sinceMs: undefined, bytes: 0 };
const paceMs = 250;
/** A stretch with little to do says little of what the disk can do, so the pace falls slowly: or granting less would make it less. */
const paceKept = 0.97;

function nextPace({ bytesPerMs, sinceMs, bytes: before }: Pace, bytes: number, held: number, nowMs: number): Pace {
  if (held <= 0) return { bytesPerMs, sinceMs: undefined, bytes: 0 };
  if (sinceMs === undefined) return { bytesPerMs, sinceMs: nowMs, bytes: 0 };
  const tookMs = nowMs - sinceMs;
  if (tookMs < paceMs) return { bytesPerMs, sinceMs, bytes: before + bytes };
  const measured = (before + bytes) / tookMs;
  return { bytesPerMs: Math.max(measured, (bytesPerMs ?? 0) * paceKept), sinceMs: nowMs, bytes: 0 };
}

function takeOut(list: Waiting[], session: number): Waiting | undefined {
  const place = list.findIndex((other) => other.session === session);
  return place < 0 ? undefined : list.splice(place, 1)[0];
}

/** Keeps the list sorted; new ones mostly belong at the end. */
function enqueue(list: Waiting[], item: Waiting): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.sinceMs ?? Infinity) <= item.sinceMs) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}
