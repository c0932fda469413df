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
import { createOnlookersCodec } from "../codec.ts";
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
  /** `ask`: as rows of a model. */
  readonly action: "leave" | "share" | "ask";
  /** Stream, or `app/name` of shared state, or of a model. */
  readonly resource: string;
  readonly class: DataClass;
  /** How it got that class, step by step; empty where it was born with it. Each of them is to be allowed by a rule. */
  readonly lowered: readonly Lowering[];
}

export interface Lowering {
  readonly unit: string;
  readonly from: DataClass;
  readonly into: DataClass;
  readonly through: Transform;
}

/** Words of a marker: letters, digits, hyphens and points, ended by a tilde. */
export const marker = (words: string): string => `${markerPrefix}${words}~`;
const markers = new RegExp(`${markerPrefix}[a-z0-9.-]+~`, "g");
const codec = createOnlookersCodec();
const decoder = new TextDecoder();

export class BorderWatch {
  readonly #nodes: ReadonlyMap<string, BorderNode>;
  readonly #planted = new Map<string, { readonly ways: readonly Planted[]; readonly policy: Policy }>();
  readonly #reached = new Map<string, ReadonlySet<string>>();
  readonly #types = new Set<string>();
  readonly #names = new Set<string>();
  readonly #numbers: { readonly name: string; readonly forms: readonly Buffer[] }[] = [];
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

  /** The same of events of a type, of which nothing else is known on the wire. */
  plantType(type: string, ways: readonly Planted[], policy: Policy): string {
    this.#planted.set(type, { ways, policy });
    this.#types.add(type);
    return type;
  }

  /** The same of a number, in whatever form it is written. `name`: for people. */
  plantNumber(number: number, name: string, ways: readonly Planted[], policy: Policy): number {
    this.#planted.set(name, { ways, policy });
    this.#numbers.push({ name, forms: formsOf(number) });
    return number;
  }

  /** The same of a name without any mark of ours, which may cross nothing. */
  plantName(name: string, policy: Policy): string {
    this.#planted.set(name, { ways: [], policy });
    this.#names.add(name);
    return name;
  }

  see({ from, to, frame }: { readonly from: string; readonly to: string; readonly frame: Uint8Array }): void {
    const { kind, header, payload } = decodeFrame(frame, codec);
    for (const text of this.#foundIn(`${JSON.stringify(header)}${decoder.decode(payload)}`, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), kind === "stream")) {
      this.crossed.add(`${text} ${from} ${to}`);
      if (!this.mayCross(text, from, to)) this.#tell(`${text} went from ${from} to ${to}`);
    }
  }

  /** Texts as they are and in base 64; numbers as digits and as the bytes of what is packed; types of records. */
  #foundIn(text: string, payload: Buffer, isStream: boolean): ReadonlySet<string> {
    const found = new Set(markersIn(text));
    const packed = isStream ? [] : [...text.matchAll(base64)].map(([part]) => Buffer.from(part, "base64"));
    const together = Buffer.concat(packed); // most hold nothing: each is looked into only where all of them in a row do
    if (together.includes(markerPrefix)) for (const part of packed) for (const inner of markersIn(part.toString("latin1"))) found.add(inner);
    const isPacked = (wanted: string | Buffer): boolean => together.includes(wanted) && packed.some((part) => part.includes(wanted));
    for (const name of this.#names) if (text.includes(name) || isPacked(name)) found.add(name);
    for (const { name, forms } of this.#numbers) if (forms.some((form) => payload.includes(form) || isPacked(form))) found.add(name);
    if (isStream) for (const [, type = ""] of text.matchAll(typeOfRecord)) if (this.#types.has(type)) found.add(type);
    return found;
  }

  /** What a node says: it may say what may be there. */
  hear(node: string, words: string): void {
    for (const text of markersIn(words)) if (!this.#mayBeHeard(text, node)) this.#tell(`${node} said ${text}`);
    for (const name of this.#names) if (words.includes(name) && !name.endsWith(`-at-${node}`)) this.#tell(`${node} said ${name}`);
  }

  /** First words of the markers that crossed a link. */
  kinds(): ReadonlySet<string> {
    return new Set([...this.crossed].map((crossing) => /^(?:HOLON-PLANTED-)?(.*?)-\d+[.-]at/.exec(crossing)?.[1] ?? crossing));
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
    for (const { unit, from: before, into, through } of way.lowered) {
      if (!allows(born, { principal: { kind: "function", name: unit }, action: "lower", resource: { name: unit, class: before, into, jurisdiction }, context: { through } })) return false;
    }
    if (way.action === "share") return policies.some((policy) => allows(policy, { principal, action: "share", resource: { name: way.resource, class: way.class }, context: { destination } }));
    if (!isUp) return false; // records and rows go up only
    return policies.some((policy) => allows(policy, { principal, action: way.action, resource: { name: way.resource, class: way.class, jurisdiction }, context: { destination, through: way.lowered.at(-1)?.through } }));
  }

  #tell(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation);
  }
}

/** Of at least four bytes. */
const base64 = /(?<=")[A-Za-z0-9+/]{6,}={0,2}(?=")/g;
const typeOfRecord = /\{"type":"([a-z0-9.-]+)"/g;

function formsOf(number: number): readonly Buffer[] {
  const [single, double] = [Buffer.alloc(4), Buffer.alloc(8)];
  single.writeFloatLE(number);
  double.writeDoubleLE(number);
  return [Buffer.from(String(number)), single, double];
}

const markersIn = (text: string): ReadonlySet<string> => new Set(text.match(markers) ?? []);

/** The rules one by one, as they read. */
export function allows(policy: Policy, request: Request): boolean {
  const fitting = [...baseRules.rules, ...policy.rules].filter((rule) => mismatch(rule, request) === undefined);
  return fitting.some(({ effect }) => effect === "permit") && !fitting.some(({ effect }) => effect === "forbid");
}
