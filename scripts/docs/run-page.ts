/** Does what one page tells people to do, and holds what it shows against what came. */
import { setTimeout as sleep } from "node:timers/promises";
import { commandsOf, isRun, readBlocks, type Block, type Command } from "./blocks.ts";
import { says, saysAmongMore } from "./compare.ts";
import { makePlace } from "./place.ts";
import { Shell, type Running, type Said } from "./shell.ts";

export interface Outcome {
  readonly commands: number;
  readonly problems: readonly string[];
  /** Blocks that say something else than what the page shows, with what they said: by the line of their fence. */
  readonly said: readonly { readonly line: number; readonly code: string }[];
}

const waitMsMax = 90_000;
/** Where what came is wanted, whatever it is. */
const writingWaitMsMax = 8_000;
const betweenMs = 250;
/** Of what came, the end is told. */
const tellLines = 40;

/** By itself when it was told, or by the signal. */
const isInterrupted = (exitCode: number | string | null | undefined): boolean => exitCode === 0 || exitCode === 130 || exitCode === null;

const indented = (text: string): string => text.replace(/^/gm, "  ");

/** After the first problem nothing more is run, unless `goOn`: what follows rests on it. */
export async function runPage(text: string, options: { readonly goOn: boolean }): Promise<Outcome> {
  const place = makePlace();
  const shell = new Shell(place);
  const run = new Run(shell, options.goOn ? writingWaitMsMax : waitMsMax);
  try {
    for (const block of readBlocks(text).blocks) {
      if (block.file !== undefined) shell.write(block.file, block.code);
      if (isRun(block)) await run.block(block);
      if (run.problems.length > 0 && !options.goOn) break;
    }
    await run.end();
  } finally {
    await shell.close();
    place.remove();
  }
  return { commands: run.commands, problems: run.problems, said: run.said };
}

class Run {
  readonly problems: string[] = [];
  readonly said: { line: number; code: string }[] = [];
  commands = 0;
  readonly #shell: Shell;
  readonly #running: Running[] = [];
  readonly #waitMs: number;

  constructor(shell: Shell, waitMs: number) {
    this.#shell = shell;
    this.#waitMs = waitMs;
  }

  async block(block: Block): Promise<void> {
    const told: string[] = [];
    let isOther = false;
    for (const command of commandsOf(block)) {
      this.commands++;
      const { text, problem } = await this.#command(block, command);
      if (problem !== undefined) this.problems.push(`line ${block.line}: ${command.text}\n${problem}\nit said:\n${indented(text.split("\n").slice(-tellLines).join("\n"))}`);
      isOther ||= problem !== undefined;
      told.push(command.text === "^C" ? command.text : `$ ${command.text}`, ...(problem === undefined ? [command.says ?? ""] : [text.trimEnd()]).filter((part) => part !== ""));
    }
    if (isOther && block.language === "console") this.said.push({ line: block.line, code: `${told.join("\n")}\n` });
  }

  /** What runs on ends as people end it, and well; what has ended by itself did so well. */
  async end(): Promise<void> {
    for (const running of this.#running.splice(0).reverse()) {
      const wasRunning = running.isRunning();
      if (wasRunning) running.interrupt();
      const exitCode = await Promise.race([running.ended, sleep(20_000, "not", { ref: false })]);
      if (wasRunning ? isInterrupted(exitCode) : exitCode === 0) continue;
      this.problems.push(`what was started ${wasRunning ? "did not end well after an interrupt" : "ended by itself"}: ${exitCode}\n${indented(running.text().split("\n").slice(-tellLines).join("\n"))}`);
    }
  }

  async #command(block: Block, command: Command): Promise<{ readonly text: string; readonly problem?: string }> {
    const { marks, language } = block;
    const shown = language === "console" ? command.says : undefined;
    if (command.text === "^C") return this.#interrupt(shown);
    if (marks.has("background")) return this.#background(command, shown, marks);
    const wantsFailure = marks.has("fails");
    const problemOf = ({ exitCode, text }: Said): string | undefined => {
      if (exitCode === null) return "it did not end in time";
      if (wantsFailure !== (exitCode !== 0)) return `it ended with ${exitCode}`;
      return shown === undefined || says(shown, text, { figures: marks.has("figures") }) ? undefined : `it is shown to say:\n${indented(shown)}`;
    };
    const untilMs = performance.now() + (marks.has("again") ? (shown === "" ? this.#waitMs : waitMsMax) : 0);
    for (;;) {
      const said = await this.#shell.run(command.text);
      const problem = problemOf(said);
      if (problem === undefined) return { text: said.text };
      if (performance.now() >= untilMs) return { text: said.text, problem };
      await sleep(betweenMs);
    }
  }

  async #background({ text: command }: Command, shown: string | undefined, marks: Block["marks"]): Promise<{ readonly text: string; readonly problem?: string }> {
    const running = this.#shell.start(command, { terminal: marks.has("terminal") });
    this.#running.push(running);
    return this.#until(running, shown, marks.has("figures"));
  }

  async #interrupt(shown: string | undefined): Promise<{ readonly text: string; readonly problem?: string }> {
    const running = this.#running.pop();
    if (running === undefined) return { text: "", problem: "nothing runs that could be interrupted" };
    running.interrupt();
    const exitCode = await Promise.race([running.ended, sleep(20_000, undefined, { ref: false })]);
    if (!isInterrupted(exitCode)) return { text: running.text(), problem: `it ended with ${exitCode}` };
    return shown === undefined || shown === "" || saysAmongMore(shown, running.text(), { figures: false }) ? { text: running.text() } : { text: running.text(), problem: "it ended and did not say that" };
  }

  async #until(running: Running, shown = "", figures: boolean): Promise<{ readonly text: string; readonly problem?: string }> {
    const untilMs = performance.now() + waitMsMax;
    for (;;) {
      const isRunning = running.isRunning();
      const text = running.text();
      if (shown !== "" && saysAmongMore(shown, text, { figures })) return { text };
      if (!isRunning) return { text, problem: "it ended by itself" };
      if (shown === "") return { text };
      if (performance.now() >= untilMs) return { text, problem: `in time it did not say:\n${indented(shown)}` };
      await sleep(betweenMs);
    }
  }
}
