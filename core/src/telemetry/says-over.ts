/** An app that tells episodes says in `state` of its alarm that one has begun, and that it is over (decisions 0075, 0118). */
import { z } from "zod";

const overSchema = z.looseObject({ state: z.enum(["closed", "resolved"]) });
const openSchema = z.looseObject({ state: z.literal("open") });

export const saysOver = (data: unknown): boolean => overSchema.safeParse(data).success;
export const saysOpen = (data: unknown): boolean => openSchema.safeParse(data).success;
