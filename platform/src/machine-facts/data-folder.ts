/** The folders of the nodes of a machine: who may write to them, and who may read their keys. `data` holds them, or is the one of a node. */
import { existsSync, globSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { MachineFacts } from "@holon/core/hardening/facts.ts";
import { seen } from "./read.ts";

export interface NodeFolder {
  readonly node: string;
  readonly folder: string;
}

const othersMay = 0o077;
const othersMayWrite = 0o022;
const foldersOfNode = ["", "log", "identity", "authority", "pinned", "blobs", "fitted", "states"];
const keysOfNode = ["*.json*", "{identity,authority,pinned}/*.json*"];
const keysOfAll = ["keys/*", "api-token", "sessions.json", "publisher/keys/*"];

export function nodeFolders(data: string): readonly NodeFolder[] {
  if (existsSync(join(data, "log"))) return [{ node: basename(data), folder: data }];
  return globSync("*/log", { cwd: data }).map((name) => join(data, name, "..")).sort().map((folder) => ({ node: basename(folder), folder }));
}

export function dataFolder(data: string, nodes: readonly NodeFolder[]): Pick<MachineFacts, "writable" | "exposedKeys" | "sealed" | "unsealed"> {
  const sealed = nodes.filter(({ folder }) => existsSync(join(folder, "vault.json"))).length;
  return { ...(existsSync(data) ? filesOf(data, nodes) : { writable: undefined, exposedKeys: undefined }), sealed, unsealed: nodes.length - sealed };
}

function filesOf(data: string, nodes: readonly NodeFolder[]): Pick<MachineFacts, "writable" | "exposedKeys"> {
  const isIn = (path: string): string => path.slice(data.length + 1) || ".";
  const folders = new Set([data, ...nodes.flatMap(({ folder }) => foldersOfNode.map((name) => join(folder, name)))]);
  const files = nodes.flatMap(({ folder }) => globSync("{log,blobs,fitted,states}/*", { cwd: folder }).map((name) => join(folder, name)));
  const keys = [...nodes.flatMap(({ folder }) => globSync(keysOfNode, { cwd: folder }).map((name) => join(folder, name))), ...globSync(keysOfAll, { cwd: data }).map((name) => join(data, name))].filter((path) => !path.endsWith(".root.json"));
  return {
    writable: seen([...new Set([...folders, ...files, ...keys])].filter((path) => hasMode(path, othersMayWrite)).map((path) => `${isIn(path)} ${modeOf(path)}`).sort(), nodes.length > 0),
    exposedKeys: keys.length === 0 ? undefined : [...new Set(keys)].filter((path) => hasMode(path, othersMay)).map(isIn).sort(),
  };
}

const hasMode = (path: string, bits: number): boolean => existsSync(path) && (statSync(path).mode & bits) !== 0;
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8).padStart(4, "0");
