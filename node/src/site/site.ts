/** The node among its siblings: finds them, keeps a link to each, votes, and goes around an uplink that is down. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { election, electionRules, majorityOf, type ElectionMachine } from "@holon/core/site/election.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig, SiblingConfig } from "@holon/core/schema/node.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { BlobExchange } from "../link/blob-exchange.ts";
import type { CallHandler, Calls } from "../link/calls.ts";
import type { Downlinks } from "../link/downlinks.ts";
import type { Peer } from "../link/peer.ts";
import { createUplink, type Uplink, type UplinkOptions } from "../link/uplink.ts";
import type { BatchRun } from "../log/scan.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { createRelay } from "./relay.ts";
import { openSeat, type Seat } from "./seat.ts";

export interface SiteOptions {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly ports: Ports;
  readonly calls: Calls;
  readonly handlers: Map<string, CallHandler>;
  readonly blobs: BlobExchange;
  readonly uplink: Uplink | undefined;
  readonly downlinks: Downlinks;
  readonly machine?: ElectionMachine | undefined;
  mayLeave(run: BatchRun): Promise<boolean>;
  readonly reports: Pick<UplinkOptions, "refused" | "forked" | "rewound">;
  readonly turnedAway: UplinkOptions["turnedAway"];
  /** A link to a sibling may have opened. */
  linksChanged(): void;
}

export interface SiteStatus {
  /** The lead as far as this node knows; null where there is none, or it cannot know. */
  readonly lead: NodeName | null;
  readonly term: number;
  readonly members: readonly NodeName[];
  /** Members that this node has a link with now, itself included. */
  readonly reachable: readonly NodeName[];
  /** One line for people. */
  readonly why: string;
  /** The sibling through which this node's lanes go while its own uplink is down. */
  readonly relayedBy: NodeName | null;
}

export interface Site {
  /** `address`: where this node listens. */
  start(address: string): Promise<void>;
  /** Whether a sibling's lanes are taken now: only where the own uplink is open, and leads out of the site. */
  takesRelayed(): boolean;
  /** The direct link to a sibling. */
  peer(node: NodeName): Peer | undefined;
  /** Siblings that this node dialled and reaches now. */
  dialled(): readonly Peer[];
  /** The way up while the own uplink is down. */
  relayPeer(): Peer | undefined;
  uplinkChanged(): void;
  committed(lanes: readonly string[]): void;
  /** Other rules hold for what leaves. */
  reconsider(): void;
  status(): SiteStatus;
  /** The term in which this node leads at this moment. */
  leads(): number | undefined;
  close(): Promise<void>;
}

interface Sibling {
  readonly name: NodeName;
  address: string | undefined;
  /** Where it was heard to be, last. */
  heard: string | undefined;
  link: Uplink | undefined;
}

const voteSchema = z.strictObject({ term: z.int().min(1), pre: z.boolean() });
const renewSchema = z.strictObject({ term: z.int().min(1) });
const takesSchema = z.strictObject({ takes: z.boolean() });
/** Members from which on a site has a lead: of two, neither could go on alone. */
const leadMembersMin = 3;

export function createSite(options: SiteOptions): Site {
  const { config, log, ports, calls, uplink, downlinks } = options;
  const self = log.origin;
  const siblings = new Map(config.siblings.map((sibling) => [sibling.name as NodeName, toSibling(sibling)])); // the configuration's schema has checked it
  const rules = electionRules(self, [...siblings.keys()]);
  let seat: Seat | undefined;
  let closed = false;
  let discovery: { close(): Promise<void> } | undefined;

  const isUplinkOpen = (): boolean => uplink?.status().state === "open";
  /** The link that was dialled, the one that was accepted, or the uplink where the parent is a sibling. */
  function peer(name: NodeName): Peer | undefined {
    const up = uplink?.peer();
    return siblings.get(name)?.link?.peer() ?? downlinks.direct(name) ?? (up?.name === name ? up : undefined);
  }

  function ask(member: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown> {
    const to = peer(member);
    if (to === undefined) return Promise.reject(new HolonError("HOLON_LINK_UNREACHABLE", `${member} is not reached`));
    return calls.callPeer(to, method, parameters, deadlineMs);
  }

  const relay = createRelay({
    clock: ports.clock,
    isUplinkOpen,
    ways: () => new Map([...siblings].flatMap(([name, { link }]) => (link?.peer() === undefined || downlinks.isBelow(name) ? [] : [[name, link] as const]))),
    takes: (sibling) => ask(sibling, "site.relay", undefined, limits.relayCheckMs).then((answer) => takesSchema.safeParse(answer).data?.takes === true, () => false),
    note: (message) => ports.trace.note("info", `relay: ${message}`),
  });
  function takesRelayed(): boolean {
    const up = uplink?.peer();
    return up !== undefined && !siblings.has(up.name);
  }

  function dial(sibling: Sibling, address: string): void {
    if (closed || sibling.address === address || address === config.parent) return; // the uplink is a link to that sibling already
    sibling.address = address;
    sibling.link?.close();
    const net = { ...ports.net, connect: (to: string) => ports.net.connect(to, sibling.name, options.turnedAway) };
    sibling.link = createUplink({
      config, parent: address, log, ports: { ...ports, net }, calls, blobs: options.blobs, mayLeave: options.mayLeave, ...options.reports,
      label: `link to sibling ${sibling.name}`, quiet: true,
      changed: () => {
        followHeard(sibling);
        options.linksChanged();
      },
    });
    sibling.link.start();
  }

  /** Anybody on the wire can say where a sibling is: an open link, whose other end proved its name, is not given up for it. */
  function followHeard(sibling: Sibling): void {
    if (sibling.heard !== undefined && sibling.link?.peer() === undefined) dial(sibling, sibling.heard);
  }

  const memberOnly = (handler: (from: NodeName, parameters: unknown) => Promise<unknown>): CallHandler => (parameters, from) => {
    if (siblings.has(from)) return handler(from, parameters);
    return Promise.reject(new HolonError("HOLON_SIBLING_UNKNOWN", `${from} is no enrolled member of the site of ${self}`));
  };
  const voting = (handler: (seat: Seat, from: NodeName, parameters: unknown) => Promise<unknown>): CallHandler =>
    memberOnly((from, parameters) => (seat === undefined ? Promise.reject(new HolonError("HOLON_CALL_UNKNOWN", `${self} has no seat in an election`)) : handler(seat, from, parameters)));
  options.handlers.set("site.relay", memberOnly(() => Promise.resolve({ takes: takesRelayed() })));
  options.handlers.set("site.vote", voting((held, from, parameters) => held.question(from, { method: "vote", ...voteSchema.parse(parameters) })));
  options.handlers.set("site.renew", voting((held, from, parameters) => held.question(from, { method: "renew", ...renewSchema.parse(parameters) })));

  function changed(leads: boolean, term: number): void {
    const data = { site: config.site, lead: leads ? self : null, term, members: rules.members, why: leads ? `${self} leads from now on` : `the lease of ${self} ran out or was given up` };
    const record = options.events.record({ stream: "audit", type: "holon.site.lead", class: "public", producer: "site", data });
    log.append({ records: [record] }).catch((error: unknown) => {
      const coded = toHolonError(error);
      ports.trace.note("warn", `site: ${coded.message}`, { code: coded.code });
    });
  }

  const reachable = (): readonly NodeName[] => rules.members.filter((member) => member === self || peer(member) !== undefined);

  function why(lead: NodeName | undefined): string {
    const { members, quorum } = rules;
    if (members.length < leadMembersMin) return `no lead: a majority of ${members.length} is ${majorityOf(members.length)}, so neither could lead without the other`;
    if (lead !== undefined) return `${lead} leads`;
    const reached = reachable().length;
    if (reached < quorum) return `no lead known: this node reaches ${reached} of ${members.length} members with itself, a majority is ${quorum}`;
    const state = seat?.state();
    if (state !== undefined && ports.clock.monotonicMs() < state.quietUntilMs) return "no lead known: after a start this node votes for nobody until earlier promises are over";
    return "no lead known: an election is due or under way";
  }

  return {
    async start(address) {
      if (rules.members.length >= leadMembersMin) seat = openSeat({ log, ports, rules, machine: options.machine ?? election, ask, changed });
      relay.start();
      discovery = await ports.discovery.open({ name: self, site: config.site, address }, (heard) => {
        const sibling = siblings.get(heard.name);
        if (sibling !== undefined && heard.site === config.site) {
          sibling.heard = heard.address;
          followHeard(sibling);
        }
      });
    },
    takesRelayed,
    peer,
    dialled: () => [...siblings.values()].flatMap(({ link }) => link?.peer() ?? []),
    relayPeer: () => relay.link()?.peer(),
    uplinkChanged: () => relay.uplinkChanged(),
    committed: (lanes) => relay.link()?.committed(lanes),
    reconsider: () => relay.link()?.reconsider(),
    status() {
      const lead = seat?.lead();
      return { lead: lead ?? null, term: seat?.state().term ?? 0, members: rules.members, reachable: reachable(), why: why(lead), relayedBy: relay.via() ?? null };
    },
    leads: () => (seat?.leads() === true ? seat.state().term : undefined),
    async close() {
      closed = true;
      relay.close();
      seat?.close();
      await discovery?.close();
      for (const { link } of siblings.values()) link?.close();
    },
  };
}

function toSibling({ name }: SiblingConfig): Sibling {
  if (!isNodeName(name)) throw new HolonError("HOLON_CONFIG_BAD", `${name} is no node name`);
  return { name, address: undefined, heard: undefined, link: undefined };
}
