import { z } from "zod";

export const tierSchema = z.enum(["gateway", "edge", "cloud"]);
export type Tier = z.infer<typeof tierSchema>;
