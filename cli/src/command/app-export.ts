/** `holon app export` */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exportedSchema } from "@holon/control/api/export-routes.ts";
import { HolonError } from "@holon/core/errors.ts";
import { nodeFile } from "@holon/core/export/workload.ts";
import { stringify } from "yaml";
import { z } from "zod";
import type { Client } from "../client.ts";
import { warn } from "../warn.ts";

export interface ExportAppOptions {
  readonly format: string;
  readonly jurisdiction: string;
  readonly image?: string;
  readonly program?: string;
  readonly folder?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** A control of before warns of nothing. */
const answerSchema = exportedSchema.extend({ warnings: z.array(z.string()).default([]) });

/** Writes the files; with `--json` they are told and not written. */
export async function exportToFiles(client: Client, app: string, { format, jurisdiction, image, program, folder, out, json = false }: ExportAppOptions): Promise<void> {
  const query = new URLSearchParams(Object.entries({ format, jurisdiction, image, program, folder }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
  const exported = await client.get(`/v1/apps/${encodeURIComponent(app)}/export?${query.toString()}`, answerSchema);
  warn(exported.warnings);
  if (json) return void process.stdout.write(`${JSON.stringify(exported)}\n`);
  const comments = exported.warnings.map((warning) => `# ${warning}\n`).join("");
  const place = resolve(out ?? `${app}-${format}`);
  const write = async (path: string, content: string | Uint8Array): Promise<string> => {
    const file = join(place, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  const tell = (file: string): void => void process.stdout.write(`${file}\n`);
  const blobs: string[] = [];
  try {
    // What starts it comes last: where this is cut off, nothing is there that could be started.
    for (const hash of exported.blobs) blobs.push(await write(`app/blobs/${hash}`, await client.bytes(`/v1/blobs/${hash}`)));
    for (const { path, text } of exported.files) tell(await write(path, path.endsWith(".yaml") ? (path === nodeFile ? "" : comments) + stringify(JSON.parse(text), { lineWidth: 0 }) : text));
    blobs.forEach(tell);
  } catch (cause) {
    if (cause instanceof HolonError) throw new HolonError(cause.code, `${cause.message}; ${place} is not whole: ${blobs.length} of ${exported.blobs.length} blobs are there`, { cause, next: cause.next });
    throw new HolonError("HOLON_DISK_FAILED", `${place} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, next: "Name another folder with --out." });
  }
}
