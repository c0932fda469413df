/** Who is logged in: in memory alone and in monotonic time, so that a session ends with its time and with control. Of its token only the hash is held. */
import { limits } from "@holon/core/limits.ts";
import type { Role } from "@holon/core/policy/roles.ts";

export interface Session {
  /** Hash of its token. */
  readonly id: string;
  readonly name: string;
  /** As an identity provider's claims gave it; of a local account what the account has by now. */
  readonly role?: Role | undefined;
  readonly beganMs: number;
  usedMs: number;
}

/** Of a session that is over: whose it was, and why it ended. */
export interface EndedSession {
  readonly name: string;
  readonly because: string;
}

export class Sessions {
  readonly #nowMs: () => number;
  readonly #sessions = new Map<string, Session>();
  /** The last ones, by id. */
  readonly #ended = new Map<string, EndedSession>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(name: string, id: string, role?: Role): void {
    const own = [...this.#sessions.values()].filter((session) => session.name === name);
    const [oldest] = own.length >= limits.sessionsOfOneMax ? own : this.#sessions.size >= limits.sessionsMax ? this.#sessions.values() : [];
    if (oldest !== undefined) this.end(oldest.id, "too many were open");
    const nowMs = this.#nowMs();
    this.#sessions.set(id, { id, name, role, beganMs: nowMs, usedMs: nowMs });
  }

  /** That it was asked for counts as use. */
  find(id: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    const nowMs = this.#nowMs();
    if (nowMs - session.beganMs >= limits.sessionMs || nowMs - session.usedMs >= limits.sessionIdleMs) {
      this.end(id, "its time was over");
      return undefined;
    }
    session.usedMs = nowMs;
    return session;
  }

  end(id: string, because: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#ended.set(id, { name: session.name, because });
    const [first] = this.#ended.size > limits.sessionsMax ? this.#ended.keys() : [];
    if (first !== undefined) this.#ended.delete(first);
  }

  /** What is known of one that holds no more. */
  ended(id: string): EndedSession | undefined {
    return this.#ended.get(id);
  }

  endAllOf(name: string, because: string, but?: string): void {
    for (const session of this.#sessions.values()) if (session.name === name && session.id !== but) this.end(session.id, because);
  }
}
