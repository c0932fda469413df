/** What every format writes: a node of its own, the app beside it, and the command that runs both. */
import type { AppDocument } from "../schema/app.ts";
import { aloneOf, isBoundToPlace, roomOf } from "./alone.ts";
import { acceleratorsOf, diskBytesOf } from "./hardware.ts";
import { leftOut } from "./left-out.ts";

export const exportFormats = ["kubernetes", "compose", "systemd"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Where it will run: the node says so of itself. */
  readonly jurisdiction: string;
  /** A container image that has `holon` on its path. */
  readonly image: string;
  /** How `holon` is started where there is no container. */
  readonly program: string;
  /** Where the files will lie there. */
  readonly folder: string;
}

export interface Workload {
  readonly name: string;
  readonly version: string;
  /** The app as this node runs it. */
  readonly app: AppDocument;
  readonly node: object;
  readonly jurisdiction: string;
  readonly boundToPlace: boolean;
  readonly processors: number;
  readonly memoryBytes: number;
  /** Whole ones that are required. */
  readonly accelerators: number;
  /** What is required beside what the node itself writes. */
  readonly diskBytes: number;
  /** What the format has no words for. */
  readonly leftOut: readonly string[];
  /** Files of the machine that its sources read. */
  readonly reads: readonly string[];
  /** Functions that are processes ask for namespaces of their own. */
  readonly hasProcesses: boolean;
}

export function workloadOf(document: AppDocument, format: ExportFormat, jurisdiction: string): Workload {
  const app = aloneOf(document, jurisdiction);
  return {
    name: app.name,
    version: app.version,
    app,
    node: { apiVersion: "holon/v1", name: app.name, site: app.name, tier: "gateway", jurisdiction, control: true, signatures: "optional" },
    jurisdiction,
    boundToPlace: isBoundToPlace(document),
    ...roomOf(document),
    accelerators: acceleratorsOf(document),
    diskBytes: diskBytesOf(document),
    leftOut: leftOut(document, format),
    reads: app.sources.flatMap((source) => (source.kind === "replay" ? source.files.map(({ path }) => path) : [])),
    hasProcesses: app.functions.some(({ runtime }) => runtime === "process" || runtime === "image"),
  };
}

/** The same words in each format. */
export const commandOf = (program: readonly string[], folder: string, state: string): readonly string[] => [...program, "node", "start", `${folder}/${nodeFile}`, "--app", `${folder}/app`, "--data", state, "--listen-api", apiAddress];
/** Whether it works, as its keeper asks. */
export const healthOf = (program: readonly string[], state: string): readonly string[] => [...program, "doctor", "--api", `http://${apiAddress}`, "--data", state];

const apiAddress = "127.0.0.1:7402";
const product = "holon";
export const nodeFile = `${product}.node.yaml`;
export const inContainer = { folder: "/etc/holon", state: "/var/lib/holon" } as const;
