/** An app that tells episodes says in `state` of its alarm that one is over (decision 0075). */
import { z } from "zod";

const overSchema = z.looseObject({ state: z.enum(["closed", "resolved"]) });

export const saysOver = (data: unknown): boolean => overSchema.safeParse(data).success;
