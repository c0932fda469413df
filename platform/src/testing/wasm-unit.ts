/** WebAssembly functions made by hand, byte by byte (WebAssembly Core Specification 2.0, 5), so that tests need no compiler. */
const text = (value: string): readonly number[] => [...new TextEncoder().encode(value)];
const number = (value: number): readonly number[] => (value < 128 ? [value] : [(value % 128) | 0x80, ...number(Math.floor(value / 128))]);
/** Signed LEB128 of a small positive constant. */
const constant = (value: number): readonly number[] => [0x41, ...(value < 64 ? [value] : [(value % 128) | 0x80, ...(value >> 7 < 64 ? [value >> 7] : [((value >> 7) % 128) | 0x80, value >> 14])])];
const named = (value: string): readonly number[] => [...number(text(value).length), ...text(value)];
const vector = (items: readonly (readonly number[])[]): readonly number[] => [...number(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): readonly number[] => [id, ...number(body.length), ...body];
const body = (code: readonly number[]): readonly number[] => {
  const whole = [0, ...code, 0x0b];
  return [...number(whole.length), ...whole];
};

const i32 = 0x7f;
const typeAt = 16;
const dataAt = 32;
const keyAt = 64;
const intoAt = 128;
const eventAt = 4096;

const [emit, stateGet, stateSet] = [0, 1, 2];
const call = (index: number): readonly number[] => [0x10, index];
const emits = (data: string): readonly number[] => [...constant(typeAt), ...constant("out.made".length), ...constant(dataAt), ...constant(data.length), ...call(emit)];

export const wasmBodies = {
  /** Emits `{"n":1}` for each event. */
  emit: emits(`{"n":1}`),
  /** Emits the event as it came. */
  echo: [...constant(typeAt), ...constant("out.made".length), 0x20, 0, 0x20, 1, ...call(emit)],
  /** Sets key `k` to `{"n":1}`, reads it into memory and emits what it read. */
  state: [
    ...constant(keyAt), ...constant(1), ...constant(dataAt), ...constant(7), ...call(stateSet),
    ...constant(typeAt), ...constant("out.made".length), ...constant(intoAt),
    ...constant(keyAt), ...constant(1), ...constant(intoAt), ...constant(100), ...call(stateGet), ...call(emit),
  ],
  loop: [0x03, 0x40, 0x0c, 0, 0x0b],
  trap: [0x00],
  /** Grows page by page until it may not, then traps. */
  grow: [0x03, 0x40, ...constant(16), 0x40, 0, ...constant(0), 0x4e, 0x0d, 0, 0x0b, 0x00],
  /** Grows its table by 10,000 entries again and again until it may not, then traps. */
  growTable: [0x03, 0x40, 0xd0, 0x6f, ...constant(10_000), 0xfc, 0x0f, 0, ...constant(0), 0x4e, 0x0d, 0, 0x0b, 0x00],
  /** Names memory beyond its end. */
  astray: [...constant(typeAt), ...constant("out.made".length), ...constant(1_000_000), ...constant(64), ...call(emit)],
} as const satisfies Readonly<Record<string, readonly number[]>>;

export function wasmUnit(run: readonly number[], options: { readonly pages?: number; readonly memory?: readonly number[]; /** Body of its section. */ readonly tables?: readonly number[] } = {}): Uint8Array {
  const types = [[0x60, ...vector([[i32]]), ...vector([[i32]])], [0x60, ...vector([[i32], [i32]]), ...vector([])], [0x60, ...vector([[i32], [i32], [i32], [i32]]), ...vector([])], [0x60, ...vector([[i32], [i32], [i32], [i32]]), ...vector([[i32]])]];
  const imported = (name: string, type: number): readonly number[] => [...named("holon"), ...named(name), 0, type];
  const data = (at: number, value: string): readonly number[] => [0, ...constant(at), 0x0b, ...number(value.length), ...text(value)];
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector(types)),
    ...section(2, vector([imported("emit", 2), imported("state_get", 3), imported("state_set", 2)])),
    ...section(3, vector([[0], [1]])),
    ...(options.tables === undefined ? [] : section(4, options.tables)),
    ...section(5, options.memory ?? vector([[0, ...number(options.pages ?? 1)]])),
    ...section(7, vector([[...named("memory"), 2, 0], [...named("alloc"), 0, 3], [...named("run"), 0, 4]])),
    ...section(10, vector([body(constant(eventAt)), body(run)])),
    ...section(11, vector([data(typeAt, "out.made"), data(dataAt, `{"n":1}`), data(keyAt, "k")])),
  ]);
}
