/**
 * Which keys control itself gave certificates to, the newest few of each node. Under a series of the authority that is over, a certificate proves nothing but that its holder has the key:
 * a thief makes as many as he likes, and with any name and number. What is in this list he cannot have made.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log } from "@holon/core/log/log.ts";
import { z } from "zod";

/** `key`: its SHA-256. `number`: of the last certificate that it was given. */
const issuedSchema = z.array(z.strictObject({ key: z.string(), number: z.int() }));
type Issued = z.infer<typeof issuedSchema>;

const recordSchema = z.object({ node: z.string(), key: z.string(), number: z.int() });
const types: ReadonlySet<string> = new Set(["holon.node.enrolled", "holon.node.renewed"]);
const encoder = new TextEncoder();
const cellOf = (node: string): string => `issued/${node}`;
const filledCell = "authority/issued-filled";
const pageBytes = 1 << 20;
const cellsAtOnce = 500;
const brace = 0x7b;

export interface Lineage {
  /** The number of the last certificate that control gave this node for this key; undefined where it gave none, or too long ago. */
  numberOf(node: string, key: string): number | undefined;
  /** What is kept with a certificate. */
  cell(node: string, key: string, number: number): CellChange;
  /** Once: what was given before this list was kept, from the trail. */
  fill(): Promise<void>;
}

export function createLineage(log: Log): Lineage {
  const of = (node: string): Issued => {
    const bytes = log.cell(cellOf(node));
    return bytes === undefined ? [] : issuedSchema.parse(parseJson(bytes));
  };
  const cell = (node: string, issued: Issued): CellChange => ({ key: cellOf(node), value: encoder.encode(JSON.stringify(issued)) });

  async function told(): Promise<ReadonlyMap<string, Issued>> {
    const byNode = new Map<string, Issued>();
    const lane = { origin: log.origin, stream: "audit" } as const;
    for (let from = 1; ; ) {
      const records = await log.read(lane, from, { maxRecords: 1_000, maxBytes: pageBytes });
      const last = records.at(-1);
      if (last === undefined) return byNode;
      for (const record of records) {
        const given = givenBy(record.bytes);
        if (given !== undefined) byNode.set(given.node, withKey(byNode.get(given.node) ?? [], given.key, given.number));
      }
      from = last.sequence + 1;
    }
  }

  return {
    numberOf: (node, key) => of(node).find((one) => one.key === key)?.number,
    cell: (node, key, number) => cell(node, withKey(of(node), key, number)),
    async fill() {
      if (log.cell(filledCell) !== undefined) return;
      const cells = [...(await told())].filter(([node]) => log.cell(cellOf(node)) === undefined).map(([node, issued]) => cell(node, issued));
      for (let at = 0; at < cells.length; at += cellsAtOnce) await log.append({ cells: cells.slice(at, at + cellsAtOnce) });
      await log.append({ cells: [{ key: filledCell, value: encoder.encode("1") }] });
    },
  };
}

const withKey = (issued: Issued, key: string, number: number): Issued => [...issued.filter((one) => one.key !== key), { key, number }].slice(-limits.issuedKeysMax);

/** What a record of the trail says of a certificate; undefined where it says nothing of one. */
function givenBy(bytes: Uint8Array): z.infer<typeof recordSchema> | undefined {
  if (bytes[0] !== brace) return undefined; // of the log's own
  const event = parseStoredEvent(bytes, "");
  return types.has(event.type) ? recordSchema.safeParse(event.data).data : undefined;
}
