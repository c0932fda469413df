import { z } from "zod";

/** Of apps, nodes and what is in them. */
export const nameSchema = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "lower-case letters, digits, hyphens");
