/** Payloads that all contenders are given: a small JSON reading of exactly so many bytes, which carries its number. */

const poolMax = 4096;
const numberDigits = 10;

/** The payload of each number, made from a pool: only the number changes. */
export function createPayloads(bytes: number): (index: number) => Buffer {
  const pool = Array.from({ length: poolMax }, (_, index) => template(bytes, index));
  return (index) => {
    const payload = pool[index % poolMax] ?? template(bytes, index);
    const copy = Buffer.from(payload);
    copy.write(String(index).padStart(numberDigits, "0"), numberAt, "latin1");
    return copy;
  };
}

const prefix = '{"n":"';
const numberAt = prefix.length;

function template(bytes: number, index: number): Buffer {
  const fields = [0, 1, 2, 3, 4, 5].map((field) => `"s${field}":${(Math.sin(index / (3 + field)) * 100).toFixed(3)}`).join(",");
  const text = `${prefix}${"0".repeat(numberDigits)}",${fields},"v":${(Math.sin(index / 7) * 10).toFixed(2)},"p":"`;
  const padding = bytes - text.length - 2;
  if (padding < 0) throw new Error(`a payload has at least ${text.length + 2} bytes, not ${bytes}`);
  return Buffer.from(`${text}${"x".repeat(padding)}"}`);
}

/** The number that a payload carries, wherever it stands in `text`; undefined where there is none. */
export function numberOf(text: string): number | undefined {
  const at = text.indexOf(prefix);
  return at < 0 ? undefined : Number(text.slice(at + numberAt, at + numberAt + numberDigits));
}
