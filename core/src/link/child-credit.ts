/**
 * A child's side of admission: what it may send yet, and what it has to give back. Credit that the parent gave unasked may be kept,
 * since the parent gives no more of it than it can spare. Credit that was asked for is for what it was asked for: when that has been
 * sent, or is no longer to be sent, the rest goes back, because others wait for it.
 */

/** Record bytes that may be sent in all over this connection: of any lane, and of alarms beyond that. */
export type Credit = readonly [data: number, alarm: number];

export type CreditAccount = "data" | "alarm";

export interface ChildCredit {
  /** The parent's word; says whether there is more data credit than before. */
  granted(next: Credit): boolean;
  /** How many of the runs, from the first, may be sent. An alarm has the alarms' credit, then everybody's. */
  fitting(runs: readonly CreditedRun[]): number;
  /** What is charged to the alarms' credit of an alarm, after so much was already. */
  alarmShareOf(bytes: number, before: number): number;
  spend(dataBytes: number, alarmBytes: number): void;
  /** It needs so much, what it has included. `false` if it has asked already and there is no answer yet. */
  asks(account: CreditAccount, bytes: number): boolean;
  /** Takes out what was granted on asking and was not used. */
  takeUnused(): Credit;
}

export interface CreditedRun {
  readonly bytes: number;
  readonly isAlarm: boolean;
}

interface Account {
  granted: number;
  spent: number;
  /** Granted on asking, and not used yet. */
  owed: number;
  asked: boolean;
  /** It has asked since it last had nothing to send, or an answer is on its way. What is given unasked may overtake the answer, so all that comes counts as asked for. */
  busy: boolean;
  /** When all asks are answered, so much was granted since the connection began. */
  answered: number;
}

/** Without a word of the parent's there is no bound. */
export function createChildCredit(): ChildCredit {
  const accounts: Readonly<Record<CreditAccount, Account>> = { data: unbounded(), alarm: unbounded() };

  function raise(account: Account, granted: number): boolean {
    const rises = granted > account.granted;
    if (rises && (account.asked || account.busy)) account.owed += granted - account.granted;
    if (rises || account.granted === Infinity) account.asked = false;
    account.granted = granted;
    return rises;
  }

  function takeOut(account: Account, bytes: number): number {
    account.busy = account.granted < account.answered;
    spendOf(account, bytes);
    return bytes;
  }

  return {
    granted([data, alarm]) {
      raise(accounts.alarm, alarm);
      return raise(accounts.data, data);
    },
    fitting(runs) {
      let data = leftOf(accounts.data);
      let alarm = leftOf(accounts.alarm);
      const end = runs.findIndex(({ bytes, isAlarm }) => {
        if (isAlarm && bytes <= alarm) alarm -= bytes;
        else if (bytes <= data) data -= bytes;
        else return true;
        return false;
      });
      return end < 0 ? runs.length : end;
    },
    alarmShareOf: (bytes, before) => (before + bytes <= leftOf(accounts.alarm) ? bytes : 0),
    spend(dataBytes, alarmBytes) {
      spendOf(accounts.data, dataBytes);
      spendOf(accounts.alarm, alarmBytes);
    },
    asks(kind, bytes) {
      const account = accounts[kind];
      if (account.asked) return false;
      account.asked = true;
      account.busy = true;
      account.answered = Math.max(account.answered, account.spent + bytes);
      return true;
    },
    takeUnused: () => [takeOut(accounts.data, accounts.data.owed), takeOut(accounts.alarm, accounts.alarm.owed)],
  };
}

const unbounded = (): Account => ({ granted: Infinity, spent: 0, owed: 0, asked: false, busy: false, answered: 0 });
const leftOf = ({ granted, spent }: Account): number => Math.max(0, granted - spent);

function spendOf(account: Account, bytes: number): void {
  account.spent += bytes;
  account.owed = Math.max(0, account.owed - bytes);
}
