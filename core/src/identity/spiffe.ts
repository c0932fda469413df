/** The name in a certificate: a SPIFFE id (SPIFFE-ID specification, sections 2.1 and 2.2), one for each node of a fleet. */
import { nameSchema } from "../schema/name.ts";
import { isNodeName, type NodeName } from "../units.ts";

export interface NodeId {
  /** One fleet under one authority. */
  readonly domain: string;
  readonly site: string;
  readonly node: NodeName;
}

const pattern = /^spiffe:\/\/([a-z0-9._-]{1,255})\/site\/([^/]+)\/node\/([^/]+)$/;

export const printNodeId = ({ domain, site, node }: NodeId): string => `spiffe://${domain}/site/${site}/node/${node}`;

/** `undefined` where it names no node. */
export function parseNodeId(text: string): NodeId | undefined {
  const [, domain, site, node] = pattern.exec(text) ?? [];
  if (domain === undefined || site === undefined || node === undefined) return undefined;
  return nameSchema.safeParse(site).success && isNodeName(node) ? { domain, site, node } : undefined;
}
