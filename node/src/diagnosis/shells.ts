/**
 * Shells on this node: opened only where its own configuration names signers, its own guard lets whoever asks, and two of the signers have signed this very session, once.
 *
 * What is typed and what comes of it is recorded: in the trail when and how much, with its SHA-256; word by word in `local`, which stays here, since a shell may show what is raw.
 */
import type { AskedBy } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { grantWords, heardAbout, inputWords, shellCloseSchema, shellHearSchema, shellMethods, shellOpenSchema, shellSaySchema, type ShellGrant, type ShellHeard, type SignedBy } from "@holon/core/diagnosis/shell.ts";
import { HolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { OpenShell, Timer } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { CallHandler } from "../link/calls.ts";
import type { AnsweringContext } from "./answering.ts";
import type { Known } from "./known.ts";

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

const usedPrefix = "shell/";
const resource = "node.shell";
const encoder = new TextEncoder();

export function answerShells(context: ShellsContext): { close(): void } {
  const { config, log, events, ports, handlers, known, fromAbove } = context;
  const inTurn = createTurns();
  let session: Session | undefined;
  let timer: Timer | undefined;
  const signers = config.diagnosis?.shell?.signers;

  const told = (type: string, grant: ShellGrant, data: object): NewRecord => events.record({ stream: "audit", type, class: "public", producer: "diagnosis", subject: grant.id, data: { id: grant.id, ...data } });
  /** What was said, where it stays. */
  const kept = (type: string, grant: ShellGrant, number: number, text: string): NewRecord => events.record({ stream: "local", type, class: "raw", producer: "diagnosis", subject: grant.id, data: { id: grant.id, number, text } });
  const hashOf = (text: string): string => toHex(ports.crypto.sha256(encoder.encode(text)));

  /** Two of those whom the configuration names, and two keys: one person with two names is one. */
  function demandSigned(grant: ShellGrant, signatures: readonly SignedBy[]): readonly string[] {
    if (signers === undefined) throw new HolonError("HOLON_SHELL_OFF", `${config.name} allows no shell`);
    const { diagnostics } = ports;
    const valid = signatures.filter(({ signer, signature }) => {
      const key = Object.hasOwn(signers, signer) ? signers[signer] : undefined;
      return key !== undefined && diagnostics?.verify(key, grantWords(grant), signature) === true;
    });
    const names = [...new Set(valid.map(({ signer }) => signer))];
    if (new Set(names.map((name) => signers[name])).size < 2) throw new HolonError("HOLON_SHELL_UNSIGNED", `the shell ${grant.id} on ${config.name} is signed by ${names.length === 0 ? "nobody whom it names" : names.join(", ")}; it takes two`);
    return names;
  }

  /** A grant is for this node, for now, and for once. Where the time is unknown it is for once all the same. */
  function demandFresh(grant: ShellGrant): CellChange {
    if (grant.node !== config.name) throw new HolonError("HOLON_SHELL_UNSIGNED", `what was signed is for ${grant.node}, and this is ${config.name}`);
    const wall = ports.clock.wall();
    const leftMs = Date.parse(grant.until) - wall.ms;
    if (wall.state === "synced" && (leftMs <= 0 || leftMs > diagnosisBounds.shellGrantMs)) throw new HolonError("HOLON_SHELL_UNSIGNED", `what was signed holds until ${grant.until}, and it is not that time here`);
    if (log.cell(`${usedPrefix}${grant.id}`) !== undefined) throw new HolonError("HOLON_SHELL_UNSIGNED", `the shell ${grant.id} was opened before: each is signed anew`);
    return { key: `${usedPrefix}${grant.id}`, value: encoder.encode(String(wall.ms)) };
  }

  /** Those that can be used again by nobody, since they are beyond their time. */
  function past(): readonly CellChange[] {
    const used = [...log.cells(usedPrefix).keys()];
    return used.slice(0, Math.max(0, used.length - diagnosisBounds.rememberedMax)).map((key) => ({ key, value: null }));
  }

  async function open(parameters: unknown): Promise<{ readonly id: string }> {
    const { by, grant, signatures } = shellOpenSchema.parse(parameters);
    const refused = async (error: unknown): Promise<never> => {
      await log.append({ records: [told("holon.shell.refused", grant, { by, code: error instanceof HolonError ? error.code : "HOLON_INTERNAL" })] });
      throw error;
    };
    const names = await Promise.resolve().then(() => demandSigned(grant, signatures)).catch(refused);
    await context.demand(by, resource, grant.id);
    const used = await Promise.resolve().then(() => demandFresh(grant)).catch(refused);
    if (session !== undefined) throw new HolonError("HOLON_CALL_BUSY", `a shell is open on ${config.name}`);
    const { diagnostics } = ports;
    if (diagnostics === undefined) throw new HolonError("HOLON_SHELL_OFF", `${config.name} has no shell`);
    await known.refresh();
    // In the trail, and used up, before anything of it runs.
    await log.append({ records: [told("holon.shell.opened", grant, { by, because: grant.because, signers: names, until: grant.until })], cells: [used, ...past()] });
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
