/** What can be asked of a simulator about a copy of the fleet, and what it answers. */
import { z } from "zod";
import { limits } from "../limits.ts";

/** What fails by chance. */
export const whatIfKinds = ["none", "nodes", "links", "all"] as const;
const namesSchema = z.array(z.string().min(1).max(63)).max(limits.planNodesMax);

export const whatIfAskSchema = z.strictObject({
  /** Of one that was adopted, its hash or how that begins; without it the plan in force. */
  plan: z.string().regex(/^[0-9a-f]{8,64}$/).optional(),
  hours: z.int().min(1).max(limits.whatIfHoursMax).default(168),
  /** Of the failures. */
  seed: z.int().min(1).max(1e9).default(1),
  faults: z.enum(whatIfKinds).default("all"),
  /** Nodes that are lost for good in the first hour. */
  lose: namesSchema.default([]),
  /** Nodes whose ways up are cut all the time. */
  cut: namesSchema.default([]),
});
export type WhatIfAsk = z.infer<typeof whatIfAskSchema>;

const whatIfFiguresSchema = z.object({
  /** From the source through the unit to its effect, one way each, of what has sources or effects; null: nothing was reached. */
  latencyMsP50: z.number().nullable(),
  latencyMsP99: z.number().nullable(),
  /** Of models that ask others: from a row to its answer, each node that asks by itself; null: nobody asks. */
  answerMsP50: z.number().nullable(),
  answerMsP99: z.number().nullable(),
  egressGigabytes: z.number(),
  /** Rent, electricity and egress, as far as their prices are known. */
  money: z.number(),
  carbonKilograms: z.number(),
  /** Part of the hours of all replicas in which one stood nowhere, on a machine that was down, on an island that it stops on, left to a site without a lead, or out of reach of a source or an effect. */
  unservedPercent: z.number(),
  moves: z.number(),
  violations: z.number(),
});
export type WhatIfFigures = z.infer<typeof whatIfFiguresSchema>;

export const whatIfReportSchema = z.object({
  plan: z.string(),
  nodes: z.number(),
  units: z.number(),
  hours: z.number(),
  seed: z.number(),
  results: z.object({ asPlanned: whatIfFiguresSchema, replanned: whatIfFiguresSchema }),
  /** Of models that ask others: on how many nodes how much of each is done as planned, and how often that changed where it is planned anew. */
  cuts: z.array(z.object({ model: z.string(), asPlanned: z.array(z.object({ how: z.string(), nodes: z.number() })), changes: z.number() })),
  /** The first of them. */
  violations: z.array(z.string()),
  /** What the figures leave out, because nobody knows it. */
  unknown: z.array(z.string()),
});
export type WhatIfReport = z.infer<typeof whatIfReportSchema>;
