import type { Distribution } from "../distribution.ts";
import type { LineRate } from "../traces/line-rate.ts";

/** How one direction between two nodes behaves. */
export interface LinkProfile {
  readonly latency: Distribution;
  readonly bytesPerMs: number;
  /** A rate that changes as it was recorded, in place of `bytesPerMs`. */
  readonly rate?: LineRate;
  /** Probability that a frame is lost once and comes late, after `retransmitMs` on average; TCP keeps the order. */
  readonly lossChance: number;
  readonly retransmitMs: number;
  /** Probability, per frame, that something on the way resets the connection. */
  readonly resetChance: number;
  /** Mean time after which the sender's system gives up on bytes that nobody acknowledges. */
  readonly giveUpMs: number;
}

/** A wide-area line of a small site: 20 ms each way, 50 Mbit/s. */
export const wideAreaLine: LinkProfile = {
  latency: { minMs: 8, tailMs: 12, stallChance: 0.001, stallMs: 400 },
  bytesPerMs: 6_250,
  lossChance: 0.002,
  retransmitMs: 250,
  resetChance: 0.0002,
  giveUpMs: 120_000,
};

/** Two nodes on one site. */
export const localLine: LinkProfile = {
  latency: { minMs: 0.1, tailMs: 0.1, stallChance: 0, stallMs: 0 },
  bytesPerMs: 125_000,
  lossChance: 0,
  retransmitMs: 200,
  resetChance: 0,
  giveUpMs: 120_000,
};

/** The profile from one node to another; it may depend on the time, for example to replay a recorded trace. */
export type ProfileOf = (from: string, to: string, nowMs: number) => LinkProfile;
