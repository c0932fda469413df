/** Machines and units of a trace of a cluster that shares GPUs, in the columns of the openb trace (Alibaba, USENIX ATC '23). */
import { basename } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { wholeMilli, type AcceleratorDemand, type AcceleratorRoom } from "@holon/core/placement/fragments.ts";
import { readTableFile } from "./table-file.ts";

const acceleratorsMax = 1_024;

/** In the order of their names, which decides between equals. */
export function readMachines(path: string): readonly AcceleratorRoom[] {
  const machines = readRows(path, ["sn", "cpu_milli", "memory_mib", "gpu", "model"], (row) => ({
    name: row.text("sn"),
    room: { processorMilli: row.count("cpu_milli"), memoryMebibytes: row.count("memory_mib"), model: row.text("model"), milli: Array.from({ length: row.count("gpu", acceleratorsMax) }, () => wholeMilli) },
  }));
  return machines.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ room }) => room);
}

export function readUnits(path: string): readonly AcceleratorDemand[] {
  return readRows(path, ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec"], (row) => {
    const count = row.count("num_gpu", acceleratorsMax);
    const milli = row.count("gpu_milli", wholeMilli);
    if (count > 0 && milli === 0) throw row.bad("it asks for a GPU and for no part of it");
    return { processorMilli: row.count("cpu_milli"), memoryMebibytes: row.count("memory_mib"), count, milli: count === 0 ? 0 : milli, models: row.text("gpu_spec").split("|").filter((model) => model !== "") };
  });
}

interface Row {
  text(column: string): string;
  /** A whole number, not below zero. */
  count(column: string, most?: number): number;
  bad(what: string): HolonError;
}

function readRows<Item>(path: string, columns: readonly string[], parse: (row: Row) => Item): readonly Item[] {
  const name = basename(path);
  const bad = (line: number, what: string): HolonError => new HolonError("HOLON_TABLE_BAD", `${name}, line ${line}: ${what}`);
  const lines = readTableFile(path).replace(/^\ufeff/, "").split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  const header = (lines[0] ?? "").split(",");
  for (const column of columns) if (!header.includes(column)) throw bad(1, `there is no column \`${column}\``);
  if (lines.length < 2) throw bad(1, "there is no row below the header");
  return lines.slice(1).map((line, index) => {
    const cells = line.split(",");
    if (cells.length !== header.length) throw bad(index + 2, `there are ${cells.length} cells where the header has ${header.length}`);
    const text = (column: string): string => (cells[header.indexOf(column)] ?? "").trim();
    const count = (column: string, most = Number.MAX_SAFE_INTEGER): number => {
      const written = text(column);
      const value = /^\d+(\.0+)?$/.test(written) ? Number(written) : Number.NaN;
      if (!(value <= most)) throw bad(index + 2, `${JSON.stringify(written)} in \`${column}\` is no whole number${most < Number.MAX_SAFE_INTEGER ? ` up to ${most}` : ""}`);
      return value;
    };
    return parse({ text, count, bad: (what) => bad(index + 2, what) });
  });
}
