/** What a client's session remembers for "exactly once" (MQTT 3.1.1 section 4.3.3): QoS 2 messages taken in and not yet released. */

export interface MqttSession {
  /** Packet ids that were taken in and not released: published again, they are only acknowledged again. */
  readonly unreleased: Set<number>;
}

export interface MqttSessions {
  /** The session of a client that connects, and whether it was there before. A clean one forgets the old one; one that is not to be kept ends with its connection. */
  open(clientId: string, isClean: boolean, isKept?: boolean): { readonly session: MqttSession; readonly isPresent: boolean };
}

/**
 * Sessions of clients that asked to keep one, at most `sessionsMax`: then the one opened longest ago is forgotten. They live as long
 * as the door: over a restart of the node QoS 2 is "at least once".
 */
export function createMqttSessions(sessionsMax: number): MqttSessions {
  const sessions = new Map<string, MqttSession>();
  return {
    open(clientId, isClean, isKept = !isClean) {
      const kept = isClean ? undefined : sessions.get(clientId);
      sessions.delete(clientId);
      const session = kept ?? { unreleased: new Set<number>() };
      if (isKept) sessions.set(clientId, session);
      const [oldest] = sessions.keys();
      if (sessions.size > sessionsMax && oldest !== undefined) sessions.delete(oldest);
      return { session, isPresent: kept !== undefined };
    },
  };
}
