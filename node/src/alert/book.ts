/** Incidents of one node, as cells: what is wrong, who was told, who has taken it on. What is not on disk is told to nobody. */
import { begin, hearAgain, incidentSchema, isSameEpisode, mergedWith, type Heard, type Incident } from "@holon/core/alert/incident.ts";
import { silencedSchema, type Silenced } from "@holon/core/alert/routing.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface IncidentBook {
  all(): readonly Incident[];
  /** By any id under which it was told. */
  find(id: string): Incident | undefined;
  /** What is not over of one rule about one subject. */
  openOf(rule: string, subject: string): Incident | undefined;
  /** Takes in what was found or told. A storm beyond the bound is one incident together. */
  hear(heard: Heard): void;
  put(incident: Incident): void;
  isOnDisk(id: string): boolean;
  /** What has changed since it was asked last, to be appended; and what to do then. */
  changes(): Changes;
  silences(): readonly Silenced[];
}

export interface Changes {
  readonly cells: readonly CellChange[];
  saved(): void;
  failed(): void;
}

export interface BookOptions {
  readonly log: SegmentLog;
  /** Of this node: what it says itself is of it. */
  readonly jurisdiction: string;
  sha256(bytes: Uint8Array): Uint8Array;
  /** Somebody is still to be told of it. */
  isOwed(incident: Incident): boolean;
}

const prefix = "incident/";
const silencePrefix = "alert/silence/";
const encoder = new TextEncoder();

export const silenceCell = (name: string): string => `${silencePrefix}${name}`;

export function openBook({ log, jurisdiction, sha256, isOwed }: BookOptions): IncidentBook {
  const incidents = new Map<string, Incident>();
  /** By every id under which it was told, the one that names it. */
  const named = new Map<string, string>();
  /** By rule and subject. */
  const open = new Map<string, string>();
  const onDisk = new Set<string>();
  const dirty = new Set<string>();
  /** On disk, and part of another one by now. */
  const dropped = new Set<string>();

  const cellOf = (id: string): string => `${prefix}${toHex(sha256(encoder.encode(id))).slice(0, 32)}`;

  function index(incident: Incident): void {
    const { alert, tellers } = incident;
    incidents.set(alert.id, incident);
    for (const { id } of tellers) named.set(id, alert.id);
    if (alert.state !== "resolved") open.set(whatOf(alert), alert.id);
    else if (open.get(whatOf(alert)) === alert.id) open.delete(whatOf(alert));
  }

  function put(incident: Incident): void {
    if (incidents.get(incident.alert.id) === incident) return;
    index(incident);
    dirty.add(incident.alert.id);
  }

  /** What was over before anybody was told of it here may be what another had told of. */
  function take(incident: Incident): void {
    const same = incident.alert.kind === "silence" && incident.alert.state === "resolved" ? [...incidents.values()].find((one) => one.alert.state === "resolved" && isSameEpisode(one, incident)) : undefined;
    if (same === undefined) return put(incident);
    put(mergedWith(same, incident));
    const { id } = incident.alert;
    if (incidents.get(id) === undefined) return;
    incidents.delete(id);
    if (open.get(whatOf(incident.alert)) === id) open.delete(whatOf(incident.alert));
    dirty.delete(id);
    if (onDisk.delete(id)) dropped.add(id);
  }

  /** Those that are over go, the oldest first: those of which somebody is still to be told last. */
  function forget(): readonly CellChange[] {
    const over = [...incidents.values()].filter(({ alert }) => alert.state === "resolved").sort((a, b) => ((a.alert.until ?? "") < (b.alert.until ?? "") ? -1 : 1));
    const excess = over.slice(0, Math.max(0, over.length - limits.alertsResolvedMax));
    const gone = excess.filter((incident, at) => !isOwed(incident) || at < over.length - limits.alertsOwedMax);
    return gone.map(({ alert: { id }, tellers }) => {
      incidents.delete(id);
      onDisk.delete(id);
      dirty.delete(id);
      for (const teller of tellers) named.delete(teller.id);
      return { key: cellOf(id), value: null };
    });
  }

  for (const cell of log.cells(prefix).values()) {
    const incident = incidentSchema.parse(parseJson(cell));
    index(incident);
    onDisk.add(incident.alert.id);
  }

  return {
    all: () => [...incidents.values()],
    find: (id) => incidents.get(named.get(id) ?? id),
    openOf: (rule, subject) => incidents.get(open.get(whatOf({ rule, subject })) ?? ""),
    hear(heard) {
      const { alert } = heard;
      const known = incidents.get(named.get(alert.id) ?? open.get(whatOf(alert)) ?? "");
      if (known !== undefined) take(hearAgain(known, heard));
      else if (open.size < limits.alertsOpenMax || alert.state === "resolved") take(begin(heard));
      else put(oneMore(incidents.get(open.get(whatOf({ rule: "more", subject: log.origin })) ?? ""), alert.since, { self: log.origin, jurisdiction }));
    },
    put,
    isOnDisk: (id) => onDisk.has(id),
    changes() {
      const removed = [...forget(), ...[...dropped].map((id): CellChange => ({ key: cellOf(id), value: null }))];
      const gone = [...dropped];
      const ids = [...dirty];
      dirty.clear();
      const changed = ids.flatMap((id): CellChange[] => {
        const incident = incidents.get(id);
        return incident === undefined ? [] : [{ key: cellOf(id), value: encoder.encode(JSON.stringify(incident)) }];
      });
      return {
        cells: [...removed, ...changed],
        saved() {
          for (const id of ids) onDisk.add(id);
          for (const id of gone) dropped.delete(id);
        },
        failed: () => ids.forEach((id) => dirty.add(id)),
      };
    },
    silences: () => [...log.cells(silencePrefix).values()].map((cell) => silencedSchema.parse(parseJson(cell))),
  };
}

const whatOf = ({ rule, subject }: { readonly rule: string; readonly subject: string }): string => `${rule}\n${subject}`;

/** It says how many, and nothing of what they are: they are of any class and of anywhere. */
function oneMore(before: Incident | undefined, since: string, { self, jurisdiction }: { readonly self: string; readonly jurisdiction: string }): Incident {
  const count = (before?.alert.count ?? 0) + 1;
  const message = `${count} more than the ${limits.alertsOpenMax} incidents that ${self} holds open`;
  if (before !== undefined) return { ...before, alert: { ...before.alert, count, message } };
  return begin({ class: "public", jurisdiction, node: self, alert: { id: `more/${self}/${since}`, rule: "more", kind: "alarm", subject: self, severity: "page", state: "firing", since, until: null, value: null, threshold: null, message, count, node: self } });
}
