/**
 * Shells on this node: opened only where its own configuration names signers, its own guard lets whoever asks, and two of the signers have signed this very session, once.
 *
 * What is typed and what comes of it is recorded: in the trail when and how much, with its SHA-256; word by word in `local`, which stays here, since a shell may show what is raw.
 */
import type { AskedBy } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { grantWords, heardAbout, inputWords, shellCloseSchema, shellHearSchema, shellMethods, shellOpenSchema, shellSaySchema, type ShellGrant, type ShellHeard } from "@holon/core/diagnosis/shell.ts";
import type { SignedBy } from "@holon/core/diagnosis/signed-by.ts";
import { HolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { OpenShell, Timer } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { CallHandler } from "../link/calls.ts";
import type { AnsweringContext } from "./answering.ts";
import type { Known } from "./known.ts";
import { createSigning } from "./signed.ts";

interface Session {
  readonly grant: ShellGrant;
  readonly by: AskedBy;
  readonly shell: OpenShell;
  readonly endsMs: number;
  /** Of the last input, and of the last output. */
  said: number;
  heard: number;
  idleSinceMs: number;
}

export interface ShellsContext extends AnsweringContext {
  readonly known: Known;
  demand(by: AskedBy, what: string, session: string): Promise<void>;
  fromAbove(answer: (parameters: unknown) => Promise<unknown>): CallHandler;
}

const resource = "node.shell";
const encoder = new TextEncoder();

export function answerShells(context: ShellsContext): { close(): void } {
  const { config, log, events, ports, handlers, known, fromAbove } = context;
  const inTurn = createTurns();
  const signing = createSigning(context, { noun: "the shell", code: "HOLON_SHELL_UNSIGNED", prefix: "shell/" });
  let session: Session | undefined;
  let timer: Timer | undefined;
  const signers = config.diagnosis?.shell?.signers;

  const told = (type: string, grant: ShellGrant, data: object): NewRecord => events.record({ stream: "audit", type, class: "public", producer: "diagnosis", subject: grant.id, data: { id: grant.id, ...data } });
  /** What was said, where it stays. */
  const kept = (type: string, grant: ShellGrant, number: number, text: string): NewRecord => events.record({ stream: "local", type, class: "raw", producer: "diagnosis", subject: grant.id, data: { id: grant.id, number, text } });
  const hashOf = (text: string): string => toHex(ports.crypto.sha256(encoder.encode(text)));

  function demandSigned(grant: ShellGrant, signatures: readonly SignedBy[]): readonly string[] {
    if (signers === undefined) throw new HolonError("HOLON_SHELL_OFF", `${config.name} allows no shell`);
    return signing.demandSigned(signers, grant, grantWords(grant), signatures);
  }

  async function open(parameters: unknown): Promise<{ readonly id: string }> {
    const { by, grant, signatures } = shellOpenSchema.parse(parameters);
    const refused = async (error: unknown): Promise<never> => {
      await log.append({ records: [told("holon.shell.refused", grant, { by, code: error instanceof HolonError ? error.code : "HOLON_INTERNAL" })] });
      throw error;
    };
    const names = await Promise.resolve().then(() => demandSigned(grant, signatures)).catch(refused);
    await context.demand(by, resource, grant.id);
    const used = await Promise.resolve().then(() => signing.demandFresh(grant)).catch(refused);
    if (session !== undefined) throw new HolonError("HOLON_CALL_BUSY", `a shell is open on ${config.name}, of ${session.by.principal}`, { next: `It ends with its command, or by itself when nothing came for ${Math.round(diagnosisBounds.shellIdleMs / 60_000)} minutes: ask again then.` });
    const { diagnostics } = ports;
    if (diagnostics === undefined) throw new HolonError("HOLON_SHELL_OFF", `${config.name} has no shell`);
    await known.refresh();
    // In the trail, and used up, before anything of it runs.
    await log.append({ records: [told("holon.shell.opened", grant, { by, because: grant.because, signers: names, until: grant.until })], cells: used });
    const nowMs = ports.clock.monotonicMs();
    session = { grant, by, shell: diagnostics.shell(), endsMs: nowMs + diagnosisBounds.shellMs, said: 0, heard: 0, idleSinceMs: nowMs };
    watch();
    return { id: grant.id };
  }

  function watch(): void {
    timer = ports.clock.after(watchMs, () => {
      if (session === undefined) return;
      const nowMs = ports.clock.monotonicMs();
      if (nowMs >= session.endsMs || nowMs - session.idleSinceMs >= diagnosisBounds.shellIdleMs || !session.shell.isOpen()) void end("its time was over").catch(() => undefined); // the log that takes nothing more is told by itself
      else watch();
    });
  }

  function sessionOf(id: string, by: AskedBy): Session {
    if (session === undefined || session.grant.id !== id || session.by.principal !== by.principal) throw new HolonError("HOLON_SHELL_ENDED", `no shell ${id} of ${by.principal} is open on ${config.name}`);
    return session;
  }

  async function end(why: string): Promise<void> {
    const ended = session;
    session = undefined;
    timer?.cancel();
    if (ended === undefined) return;
    ended.shell.close();
    await log.append({ records: [told("holon.shell.closed", ended.grant, { why, inputs: ended.said, outputs: ended.heard })] });
  }

  async function say(parameters: unknown): Promise<null> {
    const { by, id, sequence, text, signature } = shellSaySchema.parse(parameters);
    const own = sessionOf(id, by);
    if (sequence !== own.said + 1 || ports.diagnostics?.verify(own.grant.sessionKey, inputWords(id, sequence, text), signature) !== true) throw new HolonError("HOLON_SHELL_UNSIGNED", `input ${sequence} of the shell ${id} is not the next one, or not signed by whoever opened it`);
    await context.demand({ ...own.by, role: by.role }, resource, id); // approved when it was opened
    own.said = sequence;
    own.idleSinceMs = ports.clock.monotonicMs();
    await log.append({ records: [told("holon.shell.typed", own.grant, { number: sequence, bytes: encoder.encode(text).length, hash: hashOf(text) }), kept("holon.shell.input", own.grant, sequence, text)] });
    own.shell.write(text);
    return null;
  }

  async function hear(parameters: unknown): Promise<ShellHeard> {
    const { by, id, waitMs } = shellHearSchema.parse(parameters);
    const own = sessionOf(id, by);
    let text = own.shell.read();
    if (text === "" && own.shell.isOpen() && waitMs > 0) {
      await new Promise<void>((resolve) => {
        const wait = ports.clock.after(waitMs, resolve);
        own.shell.onChange(() => {
          wait.cancel();
          resolve();
        });
      });
      text = own.shell.read();
    }
    own.heard += 1;
    const number = own.heard;
    const shown = known.redactor().text(text);
    if (text !== "") await log.append({ records: [told("holon.shell.said", own.grant, { number, bytes: encoder.encode(text).length, hash: hashOf(text) }), kept("holon.shell.output", own.grant, number, text)] });
    const sealed = ports.diagnostics?.seal(own.grant.boxKey, heardAbout(id, number), encoder.encode(shown));
    if (sealed === undefined) throw new HolonError("HOLON_SHELL_OFF", `${config.name} seals nothing`);
    const isOpen = session === own && own.shell.isOpen();
    if (!isOpen && session === own) await end("it ended by itself");
    return { number, ...sealed, isOpen };
  }

  handlers.set(shellMethods.open, fromAbove((parameters) => inTurn(() => open(parameters))));
  handlers.set(shellMethods.say, fromAbove((parameters) => inTurn(() => say(parameters))));
  handlers.set(shellMethods.hear, fromAbove(hear));
  handlers.set(shellMethods.close, fromAbove((parameters) => inTurn(async () => {
    const { by, id } = shellCloseSchema.parse(parameters);
    sessionOf(id, by);
    await end("it was closed");
    return null;
  })));

  return { close: () => void end("the node stops").catch(() => undefined) };
}

const watchMs = 5_000;
