/** What nodes told of data that their units were handed, and of what their models asked. */
import { handedSchema, type Asked } from "@holon/core/schema/condition.ts";

export interface HandedState {
  /** By unit, from where it was handed how much, by what was told last. */
  readonly handed: Map<string, { readonly bytes: Readonly<Record<string, number>>; readonly overMs: number }>;
  /** By model (`app/model`) that asks one above, then by node, by what was told last. */
  readonly asked: Map<string, Map<string, Asked & { readonly overMs: number }>>;
}

/** False for what is no such report. */
export function handedTold({ handed, asked }: HandedState, node: string, data: unknown): boolean {
  const told = handedSchema.safeParse(data);
  if (!told.success) return false;
  const { units, models = [], overMs } = told.data;
  for (const { unit, bytes } of units) handed.set(unit, { bytes, overMs });
  for (const one of models) {
    const rows = asked.get(one.model) ?? new Map<string, Asked & { readonly overMs: number }>();
    asked.set(one.model, rows.set(node, { ...one, overMs }));
  }
  return true;
}
