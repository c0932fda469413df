/**
 * Columns of doubles: how small and how fast, beside Zstandard and gzip of the same columns' bytes, in turns. The recordings are those
 * beside the repository; without them, columns made like them.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { decodeColumn, encodeColumn } from "@holon/core/series/column.ts";
import { contender, repeated, runInTurns } from "./rounds.ts";
import { round, sum } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

/** Rows of one block on a gateway. */
const blockRows = 1_024;
const shared = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

export const seriesSuite: Suite = {
  measures: "columns of doubles: bytes and time beside zstd and gzip of the same",
  async run(context: SuiteContext): Promise<SuiteResult> {
    const results = [];
    for (const { name, columns } of recordings()) results.push(await measure(name, columns, context));
    return { figures: Object.assign({}, ...results.map(({ figures }) => figures)), ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)) };
  },
};

async function measure(name: string, columns: readonly Float64Array[], { seconds, say }: SuiteContext): Promise<SuiteResult> {
  const blocks = columns.flatMap(inBlocks);
  const plain = blocks.map((block) => new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
  const ours = blocks.map((block) => encodeColumn(block));
  blocks.forEach((block, index) => {
    const back = decodeColumn(ours[index] ?? new Uint8Array(0), block.length);
    if (!back.every((value, at) => Object.is(value, block[at]))) throw new Error(`${name}: block ${index} does not come back`);
  });
  const bounded = blocks.map((block) => encodeColumn(block, { relative: 0.001 }));
  const zstdLevel = (level: number) => (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  const [zstd, zstdBest, gzip] = [plain.map(zstdLevel(3)), plain.map(zstdLevel(19)), plain.map((bytes) => gzipSync(bytes))];
  const bytes = sum(plain.map(({ length }) => length));
  const size = (parts: readonly Uint8Array[]): number => sum(parts.map(({ length }) => length));
  const one = <Block>(list: readonly Block[], work: (block: Block) => unknown) => contender(repeated(() => list.forEach((block) => void work(block))));
  const contenders = {
    encode: one(blocks, (block) => encodeColumn(block)),
    decode: contender(repeated(() => blocks.forEach((block, index) => decodeColumn(ours[index] ?? new Uint8Array(0), block.length)))),
    zstd: one(plain, zstdLevel(3)),
    zstdDecode: one(zstd, (part) => zstdDecompressSync(part)),
    gzip: one(plain, (part) => gzipSync(part)),
  };
  await runInTurns(Object.values(contenders), { seconds: seconds / 4 });
  const megabytesPerSecond = ({ measured }: { measured(): { readonly p50Ms: number } }): number => bytes / 1e3 / measured().p50Ms;
  say(`${name}: ${bytes} bytes become ${size(ours)} (within 0.1 %: ${size(bounded)}), zstd ${size(zstd)}, zstd 19 ${size(zstdBest)}, gzip ${size(gzip)}; encode ${round(megabytesPerSecond(contenders.encode))} MB/s, decode ${round(megabytesPerSecond(contenders.decode))} MB/s`);
  return {
    figures: {
      [`${name}BytesPerValue`]: (8 * size(ours)) / bytes,
      [`${name}BoundedBytesPerValue`]: (8 * size(bounded)) / bytes,
      [`${name}EncodeMbPerSecond`]: megabytesPerSecond(contenders.encode),
      [`${name}DecodeMbPerSecond`]: megabytesPerSecond(contenders.decode),
      [`${name}ZstdMbPerSecond`]: megabytesPerSecond(contenders.zstd),
      [`${name}GzipMbPerSecond`]: megabytesPerSecond(contenders.gzip),
    },
    ratios: {
      [`${name}SizeVsZstd`]: size(ours) / size(zstd),
      [`${name}SizeVsZstd19`]: size(ours) / size(zstdBest),
      [`${name}SizeVsGzip`]: size(ours) / size(gzip),
      [`${name}EncodeVsZstd`]: contenders.encode.measured().p50Ms / contenders.zstd.measured().p50Ms,
      [`${name}EncodeVsGzip`]: contenders.encode.measured().p50Ms / contenders.gzip.measured().p50Ms,
      [`${name}DecodeVsZstd`]: contenders.decode.measured().p50Ms / contenders.zstdDecode.measured().p50Ms,
    },
  };
}

const inBlocks = (column: Float64Array): readonly Float64Array[] => Array.from({ length: Math.ceil(column.length / blockRows) }, (_, block) => column.slice(block * blockRows, (block + 1) * blockRows));

function recordings(): readonly { readonly name: string; readonly columns: readonly Float64Array[] }[] {
  return [
    { name: "pump", columns: recorded("skab/valve1/0.csv.gz", ";", [1, 2, 3, 4, 5, 6, 7, 8]) ?? made(8, (index, chance) => Number((20 + Math.sin(index / 90) + chance / 10).toFixed(4))) },
    { name: "fan", columns: (recorded("fan-vibration/accelerometer.csv.gz", ",", [2, 3, 4]) ?? made(3, (_, chance) => Number((chance - 0.5).toFixed(3)))).map((column) => column.slice(0, 16 * blockRows)) },
    { name: "smooth", columns: made(2, (index) => Math.sin(index / 100)) },
  ];
}

function recorded(path: string, delimiter: string, columns: readonly number[]): readonly Float64Array[] | undefined {
  if (!existsSync(shared + path)) return undefined;
  const rows = gunzipSync(readFileSync(shared + path)).toString("utf8").trim().split(/\r?\n/).slice(1).map((line) => line.split(delimiter).map(Number));
  return columns.map((column) => Float64Array.from(rows, (row) => row[column] ?? Number.NaN));
}

function made(columns: number, value: (index: number, chance: number) => number): readonly Float64Array[] {
  let seed = 1;
  const chance = (): number => (seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length: columns }, () => Float64Array.from({ length: 4 * blockRows }, (_, index) => value(index, chance())));
}
