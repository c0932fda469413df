/** `holon node measure` */
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { adoptionNumber, differences, judged, type Adopted } from "@holon/core/measure/measured.ts";
import { createMeasurer, isOfStart, measureAll, readAdopted, writeAdopted } from "@holon/platform/measurer.ts";
import { printTable } from "../table.ts";
import { parseConfig } from "./node.ts";

export interface MeasureFlags {
  readonly data: string;
  readonly adopt?: boolean;
  readonly because?: string;
  readonly json?: boolean;
}

/** Resolves to whether nothing differs. Needs no node to run; one that runs sees what was adopted when it next measures. */
export async function measureNode(file: string, { data, adopt, because, json }: MeasureFlags): Promise<boolean> {
  const path = resolve(file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_CONFIG_BAD", `${path} cannot be read`, { cause, next: "Give the path of a holon.node.yaml." });
  });
  const { name } = parseConfig(text, path);
  const folder = join(data, name);
  const before = await known(folder, adopt === true);
  // How the node is started is not seen from here: what was adopted of it stays, and the node itself holds against it what it finds.
  const files = [...(await measureAll(createMeasurer({ folder, config: path }))), ...(before?.files ?? []).filter((one) => isOfStart(one.name))];
  const found = differences(before?.files ?? [], judged(files, before?.files));
  if (adopt === true) {
    if (because === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", "--adopt says why", { next: "Add --because \"upgraded to 1.4\", for example." });
    const nowMs = Date.now();
    await writeAdopted(folder, { number: adoptionNumber(before?.number ?? 0, nowMs), by: userName(), because, atMs: nowMs, files, config: text });
  }
  const altered = before === undefined ? [] : found;
  if (json === true) process.stdout.write(`${JSON.stringify({ node: name, files: files.length, adopted: before === undefined ? null : { by: before.by, because: before.because, atMs: before.atMs }, altered, adopts: adopt === true })}\n`);
  else {
    if (altered.length > 0) process.stdout.write(`${printTable(["FILE", "ADOPTED", "FOUND"], altered.map(({ what, expected, found: is }) => [what, expected?.slice(0, 16) ?? "-", is?.slice(0, 16) ?? "-"]))}\n`);
    process.stdout.write(adopt === true ? `adopted for ${name}: ${files.length} files\n` : before === undefined ? `nothing was adopted for ${name} yet; ${files.length} files are there\n` : `${files.length} files, ${altered.length} not as ${before.by} adopted them\n`);
  }
  return adopt === true || altered.length === 0;
}

/** Not every user of a machine has a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "without a name"}`;
  }
}

/** Who adopts anew may do so over a record that is damaged. */
async function known(folder: string, adopts: boolean): Promise<Adopted | undefined> {
  try {
    return await readAdopted(folder);
  } catch (error) {
    if (adopts && toHolonError(error).code === "HOLON_MEASURE_BAD") return undefined;
    throw error;
  }
}
