/** `holon meter show`: what each function of a node has used, what that comes to in energy, and in money where the site has prices. */
import { z } from "zod";
import type { ClientOptions } from "../client.ts";
import { connectNode } from "../connect-node.ts";
import { printTable } from "../table.ts";

const meterSchema = z.object({
  node: z.string(),
  functions: z.array(
    z.looseObject({
      app: z.string(),
      function: z.string(),
      invocations: z.number(),
      events: z.number(),
      failures: z.number(),
      processorMs: z.number(),
      memoryByteMs: z.number(),
      inferences: z.record(z.string(), z.number()),
      bytesIn: z.number(),
      bytesOut: z.number(),
      bytesUp: z.number(),
      joules: z.number(),
      money: z.object({ amount: z.number(), currency: z.string() }).optional(),
    }),
  ),
});

export async function showMeter(options: ClientOptions, node: string | undefined, json: boolean): Promise<void> {
  const client = await connectNode(options, node);
  const meter = await client.get("/v1/meter", meterSchema);
  if (json) return void process.stdout.write(`${JSON.stringify(meter)}\n`);
  const rows = meter.functions.map((row) => [
    `${row.app}/${row.function}`,
    `${row.invocations}`,
    `${row.events}`,
    `${row.failures}`,
    (row.processorMs / 1000).toFixed(2),
    (row.memoryByteMs / 1e9).toFixed(2),
    Object.entries(row.inferences).map(([model, count]) => `${model} ${count}`).join(", "),
    bytes(row.bytesIn),
    bytes(row.bytesOut),
    bytes(row.bytesUp),
    row.joules.toFixed(2),
    row.money === undefined ? "" : `${row.money.amount.toPrecision(3)} ${row.money.currency}`,
  ]);
  process.stdout.write(`${printTable(["FUNCTION", "CALLS", "EVENTS", "FAILURES", "CPU S", "MB S", "INFERENCES", "IN", "OUT", "UP", "JOULES", "MONEY"], rows)}\n`);
}

const bytes = (count: number): string => (count < 1e4 ? `${count} B` : count < 1e7 ? `${Math.round(count / 1e3)} kB` : `${Math.round(count / 1e6)} MB`);
