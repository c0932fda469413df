/** An app as files for somebody else's control plane. */
import { canonicalJson } from "../json.ts";
import type { AppDocument } from "../schema/app.ts";
import { composeProject } from "./compose.ts";
import { kubernetesManifests } from "./kubernetes.ts";
import { systemdUnit } from "./systemd.ts";
import { nodeFile, workloadOf, type ExportOptions } from "./workload.ts";

export interface Exported {
  /** Path and text of each file; what is YAML is written as JSON, which is YAML too. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Blobs that belong beside them, as `app/blobs/<hash>`. */
  readonly blobs: readonly string[];
  /** What the app needs and the files do not say. In a unit for systemd it stands as comments; JSON has none. */
  readonly warnings: readonly string[];
}

/** Blobs that an app names, each once. */
export const blobsOf = ({ functions, models }: AppDocument): readonly string[] => [...new Set([...functions.map(({ code }) => code), ...models.map(({ graph }) => graph)])].sort();

/** `HOLON_PLACEMENT_UNMET`, `HOLON_EXPORT_TOO_LARGE`. */
export function exportApp(document: AppDocument, { format, jurisdiction, image, program, folder }: ExportOptions, blobs: ReadonlyMap<string, Uint8Array>): Exported {
  const workload = workloadOf(document, format, jurisdiction);
  const { leftOut: warnings } = workload;
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  const beside = [{ path: nodeFile, text: json(workload.node) }, { path: "app/app.json", text: `${canonicalJson(workload.app)}\n` }];
  if (format === "kubernetes") return { files: [{ path: "kubernetes.yaml", text: json({ apiVersion: "v1", kind: "List", items: kubernetesManifests(workload, image, blobs) }) }], blobs: [], warnings };
  if (format === "compose") return { files: [{ path: "compose.yaml", text: json(composeProject(workload, image)) }, ...beside], blobs: blobsOf(document), warnings };
  return { files: [{ path: `holon-${workload.name}.service`, text: systemdUnit(workload, program, folder) }, ...beside], blobs: blobsOf(document), warnings };
}
