/** Desired documents on this node's disk: its own and those of the nodes below it. State, not commands: only the newest counts. */
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { Log } from "@holon/core/log/log.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import type { NodeName } from "@holon/core/units.ts";
import { z } from "zod";

export const desiredCell = (node: string): string => `desired/${node}`;

/** `undefined` if the node has none yet. */
export function desiredOf(log: Pick<Log, "cell">, node: string): { readonly document: Desired; readonly bytes: Uint8Array } | undefined {
  const bytes = log.cell(desiredCell(node));
  return bytes && { document: parseDesired(bytes, node), bytes };
}

/** Read once: whoever asks what runs here asks for the same bytes, and a document that has changed is other bytes. */
const known = new WeakMap<Uint8Array, Desired>();

/** `HOLON_FRAME_BAD` if the bytes are no desired document of that node. */
export function parseDesired(bytes: Uint8Array, node: string): Desired {
  const document = known.get(bytes) ?? readDesired(bytes, node);
  known.set(bytes, document);
  if (document.node !== node) throw new HolonError("HOLON_FRAME_BAD", `a desired document for ${document.node} came as one for ${node}`);
  return document;
}

function readDesired(bytes: Uint8Array, node: string): Desired {
  const parsed = desiredSchema.safeParse(parseJson(bytes));
  if (!parsed.success) throw new HolonError("HOLON_FRAME_BAD", `the desired document of ${node} does not fit: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Documents that are on their way to the disk, by log: two links may bring them at once, and the newer one first. */
const keeping = new WeakMap<object, Promise<unknown>>();

/** Keeps a document if it is newer than what is held; resolves, when it is on disk, with the version held. */
export function keepDesired(log: Log, node: NodeName, bytes: Uint8Array): Promise<number> {
  const kept = (keeping.get(log) ?? Promise.resolve()).then(() => keepNewer(log, node, bytes));
  keeping.set(log, kept.catch(() => undefined)); // told to who brought it
  return kept;
}

async function keepNewer(log: Log, node: NodeName, bytes: Uint8Array): Promise<number> {
  const document = parseDesired(bytes, node);
  const held = desiredOf(log, node)?.document.version ?? 0;
  if (document.version <= held) return held;
  if (document.version > keptMax(held)) throw new HolonError("HOLON_FRAME_BAD", `desired document ${document.version} of ${node} is too far above the last one, ${held}: nothing could be newer than it soon`);
  await log.append({ cells: [{ key: desiredCell(node), value: bytes }] });
  return document.version;
}

/** The newest that is kept, whoever signed it: what is refused later is kept as well, and nothing older comes after it. */
const keptMax = (held: number): number => (held === 0 ? 2 * limits.desiredFreeMax : Math.max(limits.desiredFreeMax, held + limits.desiredLeapMax));

/** Versions held of this node and of all below it. */
export function heldVersions(log: Log): readonly (readonly [string, number])[] {
  return [...log.cells("desired/")].map(([key]) => {
    const node = key.slice("desired/".length);
    return [node, desiredOf(log, node)?.document.version ?? 0] as const;
  });
}
