/**
 * No marker crosses a link that the policies on its way do not let it cross. Markers are looked for in the plaintext of every frame; what may cross is
 * worked out from the topology and the rules as they read, not from anything that the nodes say of their data.
 */
import { decodeFrame } from "@holon/core/link/frame.ts";
import { baseRules } from "@holon/core/policy/compile.ts";
import { mismatch } from "@holon/core/policy/match.ts";
import type { Policy, Request } from "@holon/core/policy/policy.ts";
import type { Transform } from "@holon/core/policy/transform.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { createCodec } from "../codec.ts";
import { markerPrefix } from "./raw-stays.ts";

export interface BorderNode {
  readonly name: string;
  readonly jurisdiction: string;
  readonly parent: string | undefined;
  /** Whether its configuration says where its parent stands. */
  readonly knowsParent: boolean;
}

/** What is known of the data that holds a marker. */
export interface Planted {
  readonly origin: string;
  readonly action: "leave" | "share";
  /** Stream, or `app/name` of shared state. */
  readonly resource: string;
  readonly class: DataClass;
  /** How it got that class; undefined where it was born with it. */
  readonly lowered: { readonly unit: string; readonly from: DataClass; readonly through: Transform } | undefined;
}

/** Words of a marker: letters, digits, hyphens and points, ended by a tilde. */
export const marker = (words: string): string => `${markerPrefix}${words}~`;
const markers = new RegExp(`${markerPrefix}[a-z0-9.-]+~`, "g");
const codec = createCodec();
const decoder = new TextDecoder();

export class BorderWatch {
  readonly #nodes: ReadonlyMap<string, BorderNode>;
  readonly #planted = new Map<string, { readonly ways: readonly Planted[]; readonly policy: Policy }>();
  readonly #reached = new Map<string, ReadonlySet<string>>();
  #current: readonly Policy[] = [];
  readonly #ever: Policy[] = [];
  readonly violations: string[] = [];
  /** Markers that crossed a link, each once for each link. */
  readonly crossed = new Set<string>();

  constructor(nodes: readonly BorderNode[]) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
  }

  /** `ways`: the forms in which it may travel; none for what may cross nothing. `words` end with `.at-` and the node's name. */
  plant(words: string, ways: readonly Planted[], policy: Policy): string {
    const text = marker(words);
    this.#planted.set(text, { ways, policy });
    return text;
  }

  see({ from, to, frame }: { readonly from: string; readonly to: string; readonly frame: Uint8Array }): void {
    const { header, payload } = decodeFrame(frame, codec);
    for (const text of markersIn(`${JSON.stringify(header)}${decoder.decode(payload)}`)) {
      this.crossed.add(`${text} ${from} ${to}`);
      if (!this.mayCross(text, from, to)) this.#tell(`${text} went from ${from} to ${to}`);
    }
  }

  /** What a node says: it may say what may be there. */
  hear(node: string, words: string): void {
    for (const text of markersIn(words)) if (!this.#mayBeHeard(text, node)) this.#tell(`${node} said ${text}`);
  }

  /** The policies that some node may decide by from now on; what crossed before, crossed by those that came before. */
  adopt(policies: readonly Policy[]): void {
    this.#current = policies;
    this.#ever.push(...policies);
    this.#reached.clear();
  }

  jurisdictionOf(name: string): string | undefined {
    return this.#nodes.get(name)?.jurisdiction;
  }

  mayCross(text: string, from: string, to: string): boolean {
    const planted = this.#planted.get(text);
    return planted?.ways.some((way, index) => this.#mayBeAt(`${text} ${index}`, way, planted.policy, from) && this.#mayGo(way, planted.policy, from, to, this.#current)) ?? false;
  }

  #mayBeHeard(text: string, node: string): boolean {
    const planted = this.#planted.get(text);
    return text.endsWith(`.at-${node}~`) || (planted?.ways.some((way, index) => this.#mayBeAt(`${text} ${index}`, way, planted.policy, node)) ?? false);
  }

  #mayBeAt(name: string, way: Planted, born: Policy, node: string): boolean {
    const known = this.#reached.get(name);
    if (known !== undefined) return known.has(node);
    const reached = this.#spread(way, born);
    this.#reached.set(name, reached);
    return reached.has(node);
  }

  /** From where it was born to wherever a hop leads that some policy has allowed; a node may have it by several ways, round in rings too. */
  #spread(way: Planted, born: Policy): ReadonlySet<string> {
    const reached = new Set([way.origin]);
    for (const from of reached) {
      for (const { name, parent } of this.#nodes.values()) {
        const isNext = parent === from || this.#nodes.get(from)?.parent === name;
        if (isNext && !reached.has(name) && this.#mayGo(way, born, from, name, this.#ever)) reached.add(name); // and is gone on from in its turn
      }
    }
    return reached;
  }

  #mayGo(way: Planted, born: Policy, from: string, to: string, policies: readonly Policy[]): boolean {
    const sender = this.#nodes.get(from);
    if (sender === undefined) return false;
    const jurisdiction = this.jurisdictionOf(way.origin);
    const isUp = sender.parent === to;
    const destination = isUp && sender.knowsParent ? this.jurisdictionOf(to) : undefined;
    const principal = { kind: "node", name: from } as const;
    if (way.action === "share") return policies.some((policy) => allows(policy, { principal, action: "share", resource: { name: way.resource, class: way.class }, context: { destination } }));
    if (!isUp) return false; // records go up only
    if (way.lowered !== undefined) {
      const { unit, from: before, through } = way.lowered;
      if (!allows(born, { principal: { kind: "function", name: unit }, action: "lower", resource: { name: unit, class: before, into: way.class, jurisdiction }, context: { through } })) return false;
    }
    return policies.some((policy) => allows(policy, { principal, action: "leave", resource: { name: way.resource, class: way.class, jurisdiction }, context: { destination, through: way.lowered?.through } }));
  }

  #tell(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

const markersIn = (text: string): ReadonlySet<string> => new Set(text.match(markers) ?? []);

/** The rules one by one, as they read. */
export function allows(policy: Policy, request: Request): boolean {
  const fitting = [...baseRules.rules, ...policy.rules].filter((rule) => mismatch(rule, request) === undefined);
  return fitting.some(({ effect }) => effect === "permit") && !fitting.some(({ effect }) => effect === "forbid");
}
