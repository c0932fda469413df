/** What a site pays and what its machine draws: for metering. */
import { z } from "zod";

const price = z.number().min(0);

export const pricesSchema = z.strictObject({
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  perProcessorHour: price.default(0),
  /** Of memory held. */
  perGigabyteHour: price.default(0),
  perMillionInvocations: price.default(0),
  perMillionInferences: price.default(0),
  /** Records handed to streams that leave the node, before compression. */
  perGigabyteUp: price.default(0),
  perKilowattHour: price.default(0),
});
export type Prices = z.infer<typeof pricesSchema>;

export const powerSchema = z.strictObject({
  /** Drawn by one busy processor core beyond an idle one, watts. */
  coreWatts: z.number().positive(),
  /** Joules of one inference where it runs on a device of its own; without it inferences are part of the processor's time. */
  inferenceJoules: z.number().positive().optional(),
});
export type Power = z.infer<typeof powerSchema>;
