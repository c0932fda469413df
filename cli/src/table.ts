import { oneLine } from "./terminal.ts";

/** Rows as aligned columns. A head of empty titles is none. */
export function printTable(head: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(oneLine));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const all = head.some((title) => title !== "") ? [head, ...rows] : rows;
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n");
}
