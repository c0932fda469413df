/**
 * How far each node is trusted: `attested` as long as its TPM signs, again and again, that it is made of what was adopted; else `enrolled`. A quote counts with the key that the node's
 * first one was signed with, and that its certificate vouches for; enrolling the node anew lets another take its place.
 *
 *     enrolled ──a quote holds, and says what the node's trail says was adopted──▶ attested ──altered │ refused │ none for too long──▶ enrolled
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log, NewRecord } from "@holon/core/log/log.ts";
import { quoteAnswerSchema, quoteKeyText, quoteMethod, readQuoted, type QuoteAnswer } from "@holon/core/measure/quote.ts";
import { firstStart } from "@holon/core/measure/measured.ts";
import type { Authority, Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { NodeName } from "@holon/core/units.ts";
import { isNodeName } from "@holon/core/units.ts";
import { z } from "zod";
import type { ControlHost } from "../control.ts";
import type { ControlState } from "../store/fold.ts";
import type { Registrar } from "./registrar.ts";

export interface AttestationHost {
  readonly log: Log;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  readonly authority: Pick<Authority, "challenge" | "checkQuote">;
  readonly registrar: Pick<Registrar, "signerOf">;
  state(): ControlState;
  ask(node: NodeName, method: string, parameters: unknown, deadlineMs: number): Promise<unknown>;
  record(stream: "audit" | "alarm", type: string, subject: string, data: unknown): NewRecord;
}

export interface KnownTrust {
  readonly level: "enrolled" | "attested";
  /** Of the last answer, by control's wall clock. */
  readonly asOf: string;
  /** For people. */
  readonly because: string;
}

export interface Attestation {
  start(): void;
  /** Undefined of nodes whose TPM was never asked. */
  trustOf(node: string): KnownTrust | undefined;
  close(): void;
}

const trustSchema = z.strictObject({ level: z.enum(["enrolled", "attested"]), because: z.string(), asOfMs: z.number(), goodMs: z.number().optional(), keyPem: z.string().optional() });
type Trust = z.infer<typeof trustSchema>;
const prefix = "trust/";
export const trustCell = (node: string): string => `${prefix}${node}`;
export const attestedEvent = "holon.node.attested";
const encoder = new TextEncoder();

/** Where there is an authority that can verify, and a way to ask. */
export function openAttestation({ log, ports, ask, events }: ControlHost, registrar: Registrar | undefined, state: () => ControlState): Attestation | undefined {
  const { authority, clock, trace } = ports;
  if (authority === undefined || registrar === undefined || ask === undefined) return undefined;
  return createAttestation({ log, ports: { clock, trace }, authority, registrar, state, ask, record: (stream, type, subject, data) => events.record({ stream, type, class: "public", producer: "control", subject, data }) });
}

export function createAttestation({ log, ports, authority, registrar, state, ask, record }: AttestationHost): Attestation {
  const { clock, trace } = ports;
  /** By node, when it was asked last, and what it had told of itself by then. */
  const asked = new Map<string, { readonly atMs: number; readonly told: string }>();
  let timer: Timer | undefined;
  let closed = false;

  function read(node: string): Trust | undefined {
    const bytes = log.cell(trustCell(node));
    return bytes && trustSchema.parse(parseJson(bytes));
  }

  async function look(): Promise<void> {
    const { nodes, revoked, conditions } = state();
    const due = [...nodes.keys()].filter((node) => !revoked.has(node) && (conditions.get(node)?.now.quotes === true || read(node) !== undefined) && isDue(node));
    for (let at = 0; at < due.length && !closed; at += limits.quotesAtOnce) await Promise.all(due.slice(at, at + limits.quotesAtOnce).map(judge));
  }

  const toldBy = (node: string): string => JSON.stringify([state().nodes.get(node)?.startedAt, state().conditions.get(node)?.now.measured, state().conditions.get(node)?.now.quotes, state().adoptions.get(node)]);

  function isDue(node: string): boolean {
    const last = asked.get(node);
    return last === undefined || last.told !== toldBy(node) || clock.monotonicMs() - last.atMs >= limits.quoteEveryMs;
  }

  async function judge(node: string): Promise<void> {
    asked.set(node, { atMs: clock.monotonicMs(), told: toldBy(node) });
    if (!isNodeName(node)) return;
    const before = read(node);
    const nowMs = clock.wall().ms;
    try {
      const nonce = authority.challenge();
      const answer = quoteAnswerSchema.safeParse(await ask(node, quoteMethod, { nonce }, limits.nodeRenewAskMs));
      if (!answer.success) throw new HolonError("HOLON_QUOTE_BAD", `what ${node} answered is no quote`);
      const keyPem = await verified(node, answer.data, nonce, before?.keyPem);
      const why = whyNot(node, answer.data);
      await keep(node, before, { level: why === undefined ? "attested" : "enrolled", because: why ?? "its TPM signs that it is made of what was adopted", asOfMs: nowMs, goodMs: nowMs, keyPem });
    } catch (error) {
      const { code, message } = toHolonError(error);
      const isRefused = code === "HOLON_QUOTE_BAD" || code === "HOLON_IDENTITY_UNTRUSTED" || code === "HOLON_IDENTITY_SERIES" || code === "HOLON_IDENTITY_REVOKED";
      // One that has just started measures first, and one that was cut off may be back.
      if (!isRefused) asked.set(node, { atMs: clock.monotonicMs() - limits.quoteEveryMs + limits.quoteAgainMs, told: toldBy(node) });
      const isOld = nowMs - (before?.goodMs ?? 0) >= limits.quoteKeptMs;
      // A node that is not reached, or is busy, is what it was: for a while.
      if (isRefused) await keep(node, before, { ...before, level: "enrolled", because: message, asOfMs: nowMs }, code);
      else if (before?.level === "attested" && isOld) await keep(node, before, { ...before, level: "enrolled", because: `no quote of it came since ${isoTime(before.goodMs ?? 0)}: ${message}`, asOfMs: nowMs });
      else trace.note("debug", `quote of ${node}: ${message}`, { code });
    }
  }

  /** Its key. `HOLON_QUOTE_BAD`, `HOLON_IDENTITY_…`. */
  async function verified(node: string, { quote, vouched }: QuoteAnswer, nonce: string, known: string | undefined): Promise<string> {
    authority.checkQuote(quote, nonce, known);
    const signer = vouched === undefined ? undefined : await registrar.signerOf(quoteKeyText(quote.keyPem), vouched);
    if (signer !== node) throw new HolonError("HOLON_QUOTE_BAD", `the key that a quote of ${node} is signed with is vouched for by ${signer ?? "nobody"}`);
    return quote.keyPem;
  }

  /** Undefined where the node is made of what its trail says was adopted. */
  function whyNot(node: string, { quote }: QuoteAnswer): string | undefined {
    const quoted = readQuoted(quote);
    if (quoted === undefined) return "its quote says nothing of what it is made of";
    const { adopted, found, altered } = quoted;
    if (altered.length > 0 || adopted !== found) return `its TPM signs that it is altered: ${altered.slice(0, 4).join(", ")}${altered.length > 4 ? " and more" : ""}`;
    const told = state().adoptions.get(node);
    if (told?.digest === adopted && told.by === firstStart) return "its TPM signs that it is what it was at its first start, which nobody has adopted";
    return told?.digest === adopted ? undefined : `its TPM signs that ${adopted.slice(0, 12)} was adopted, and its trail says ${told?.digest.slice(0, 12) ?? "nothing of it"}`;
  }

  async function keep(node: string, before: Trust | undefined, trust: Trust, refused?: string): Promise<void> {
    // Who was enrolled anew or revoked meanwhile is not what was asked.
    if (closed || read(node)?.keyPem !== before?.keyPem || state().revoked.has(node)) return;
    const isNews = before?.level !== trust.level || (trust.level === "enrolled" && before.because !== trust.because);
    const { level, because, keyPem } = trust;
    const told = isNews ? [record("audit", attestedEvent, node, { node, level, because, key: keyPem ?? null })] : [];
    // What was attested and is not, or is refused, is somebody's to look at.
    const isAlarm = isNews && level === "enrolled" && (before?.level === "attested" || refused !== undefined);
    const alarm = isAlarm ? [record("alarm", "holon.node.distrusted", node, { node, because, ...(refused === undefined ? {} : { code: refused }) })] : [];
    await log.append({ records: [...told, ...alarm], cells: [{ key: trustCell(node), value: encoder.encode(JSON.stringify(trust)) }] });
  }

  function again(): void {
    if (closed) return;
    timer = clock.after(limits.quoteLookMs, () => {
      look()
        .catch((error: unknown) => trace.note("warn", `quotes: ${toHolonError(error).message}`, { code: toHolonError(error).code }))
        .finally(again);
    });
  }

  return {
    start: again,
    trustOf(node) {
      const trust = state().revoked.has(node) ? undefined : read(node);
      return trust && { level: trust.level, asOf: isoTime(trust.asOfMs), because: trust.because };
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
