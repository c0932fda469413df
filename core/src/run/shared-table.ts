/** State that sites share, inside of a sandbox: what the node has merged, and on top of it the changes of the batch at hand. */
import { HolonError } from "../errors.ts";
import { canonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import type { SharedView } from "../ports.ts";
import type { SharedKind } from "../schema/shared.ts";
import type { SharedOperation } from "../shared/operation.ts";
import type { SharedCounter, SharedRegister, SharedSet, UnitShared } from "./definition.ts";

type Dots = readonly (readonly [slot: string, number: number])[];

/** One key: what came from the node, and what was done to it since. */
interface Cell {
  readonly name: string;
  readonly key: string;
  value: string | number | undefined;
  elements: ReadonlyMap<string, Dots>;
  written: string | undefined;
  added: number;
  readonly changed: Map<string, "include" | "exclude">;
}

export class SharedTable implements UnitShared {
  readonly #owner: string;
  readonly #kinds = new Map<string, SharedKind>();
  readonly #cells = new Map<string, Cell>();
  #touched = new Set<Cell>();
  #count = 0;

  constructor(owner: string) {
    this.#owner = owner;
  }

  take({ declared, changed }: SharedView): void {
    for (const [name, kind] of declared ?? []) this.#kinds.set(name, kind);
    for (const [name, key, value] of changed) {
      const cell = this.#cell(name, key);
      if (typeof value === "object") cell.elements = new Map(value);
      else cell.value = value;
    }
  }

  register(name: string, key = ""): SharedRegister {
    const cell = this.#of("register", name, key);
    return {
      get: () => (typeof cell.value === "string" ? JSON.parse(cell.value) : undefined),
      set: (value) => {
        cell.written = this.#text(name, value);
        cell.value = cell.written;
        this.#touch(cell);
      },
    };
  }

  counter(name: string, key = ""): SharedCounter {
    const cell = this.#of("counter", name, key);
    const held = (): number => (typeof cell.value === "number" ? cell.value : 0);
    return {
      value: held,
      add: (amount) => {
        if (!Number.isSafeInteger(amount) || !Number.isSafeInteger(cell.added + amount)) throw this.#bad(name, `cannot count ${String(amount)}: whole numbers only`);
        cell.added += amount;
        cell.value = held() + amount;
        this.#touch(cell);
      },
    };
  }

  set(name: string, key = ""): SharedSet {
    const cell = this.#of("set", name, key);
    const has = (text: string): boolean => (cell.changed.get(text) ?? (cell.elements.has(text) ? "include" : "exclude")) === "include";
    const texts = (): readonly string[] => [...new Set([...cell.elements.keys(), ...cell.changed.keys()])].filter(has).sort();
    return {
      values: () => texts().map((text): unknown => JSON.parse(text)),
      has: (value) => has(this.#text(name, value)),
      add: (value) => {
        cell.changed.set(this.#text(name, value), "include");
        this.#touch(cell);
      },
      remove: (value) => {
        const text = this.#text(name, value);
        // What nobody has added before this batch needs no word to the others.
        if (cell.elements.has(text)) cell.changed.set(text, "exclude");
        else cell.changed.delete(text);
        this.#touch(cell);
      },
    };
  }

  /** What was done since the last call. The node hands over what became of it before the next batch. */
  takeOperations(): readonly SharedOperation[] {
    const operations: SharedOperation[] = [];
    for (const cell of this.#touched) {
      const { name, key } = cell;
      if (cell.written !== undefined) operations.push({ op: "write", name, key, text: cell.written });
      if (cell.added !== 0) operations.push({ op: "count", name, key, amount: cell.added });
      for (const [text, what] of cell.changed) {
        if (what === "include") operations.push({ op: "include", name, key, text });
        else operations.push({ op: "exclude", name, key, text, seen: (cell.elements.get(text) ?? []).map(([slot, number]): [string, number] => [slot, number]) });
      }
      cell.written = undefined;
      cell.added = 0;
      cell.changed.clear();
    }
    this.#touched = new Set();
    this.#count = 0;
    return operations;
  }

  #touch(cell: Cell): void {
    this.#touched.add(cell);
    this.#count += 1;
    if (this.#count <= limits.sharedOperationsMax) return;
    throw new HolonError("HOLON_SHARED_FULL", `function ${this.#owner} changed shared state more than ${limits.sharedOperationsMax} times in one batch`);
  }

  #of(kind: SharedKind, name: string, key: string): Cell {
    if (this.#kinds.get(name) !== kind) throw this.#bad(name, `is no ${kind} that its app shares`);
    if (typeof key !== "string" || key.length > keyMax || /\p{C}/u.test(key)) throw this.#bad(name, `has a key that is no text of at most ${keyMax} characters`);
    return this.#cell(name, key);
  }

  #cell(name: string, key: string): Cell {
    const id = `${name}/${key}`;
    const cell = this.#cells.get(id) ?? { name, key, value: undefined, elements: new Map(), written: undefined, added: 0, changed: new Map() };
    this.#cells.set(id, cell);
    return cell;
  }

  #text(name: string, value: unknown): string {
    const plain: string | undefined = JSON.stringify(value);
    if (plain === undefined) throw this.#bad(name, "was given what is no JSON value");
    const text = canonicalJson(JSON.parse(plain));
    if (text.length <= limits.sharedValueBytesMax) return text;
    throw new HolonError("HOLON_SHARED_FULL", `function ${this.#owner}: shared ${name} was given ${text.length} characters; the limit is ${limits.sharedValueBytesMax}`);
  }

  #bad(name: string, problem: string): HolonError {
    return new HolonError("HOLON_SHARED_BAD", `function ${this.#owner}: shared ${name} ${problem}`);
  }
}

const keyMax = 128;
