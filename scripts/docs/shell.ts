/** Runs the commands of one page, one after the other, as one person does in one shell: folders and variables stay. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Place } from "./place.ts";

export interface Said {
  readonly exitCode: number | null;
  /** Both outputs, in the order of arrival, with `~` for where the page is tried. */
  readonly text: string;
}

export interface Running {
  /** All that it has said so far; of a terminal what stands on it now. */
  text(): string;
  isRunning(): boolean;
  interrupt(): void;
  readonly ended: Promise<number | null>;
}

const commandMsMax = 90_000;
const textMax = 400_000;

export class Shell {
  readonly #place: Place;
  readonly #all = new Set<ChildProcess>();

  constructor(place: Place) {
    this.#place = place;
    writeFileSync(this.#state, `cd '${place.clone}'\n`);
    process.once("exit", this.#killAll);
  }

  write(path: string, text: string): void {
    const file = join(this.#place.clone, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Waits for its end; one that does not end is killed, and has no exit code. */
  async run(command: string): Promise<Said> {
    const script = `exec 2>&1\n. '${this.#state}'\nset -a\n${command}\n_status=$?\n{ export -p; printf 'cd %q\\n' "$PWD"; } > '${this.#state}'\nexit $_status`;
    const running = this.#start("bash", ["-c", script]);
    const timer = setTimeout(() => running.kill("SIGKILL"), commandMsMax);
    const exitCode = await running.ended;
    clearTimeout(timer);
    return { exitCode, text: running.text() };
  }

  start(command: string, options: { readonly terminal: boolean }): Running {
    const script = `. '${this.#state}'\n${options.terminal ? "stty cols 100 rows 42\n" : ""}exec ${command}`;
    const { text, ...running } = options.terminal ? this.#start("script", ["-qfec", `bash -c ${quoted(script)}`, "/dev/null"]) : this.#start("bash", ["-c", `exec 2>&1\n${script}`]);
    return { ...running, text: options.terminal ? () => lastScreen(text()) : text, interrupt: () => running.kill("SIGINT") };
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    const ended = [...this.#all].map((child) => new Promise<void>((resolve) => void child.once("close", () => resolve())));
    this.#killAll();
    await Promise.all(ended);
    process.off("exit", this.#killAll);
  }

  readonly #killAll = (): void => {
    for (const child of this.#all) signal(child, "SIGKILL");
  };

  get #state(): string {
    return join(this.#place.home, ".shell");
  }

  #start(program: string, args: readonly string[]) {
    // A group of its own, so that what it starts ends with it.
    const child = spawn(program, args, { cwd: this.#place.clone, env: this.#place.environment, stdio: ["ignore", "pipe", "pipe"], detached: true });
    this.#all.add(child);
    let text = "";
    const take = (chunk: string): void => void (text = (text + chunk).slice(-textMax));
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#all.delete(child);
        resolve(code);
      });
    });
    ended.catch(() => undefined); // whoever waits for it hears of it
    const home = this.#place.home;
    return { ended, text: () => text.replaceAll(home, "~"), isRunning: () => this.#all.has(child), kill: (name: NodeJS.Signals) => signal(child, name) };
  }
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has ended by itself.
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** What was drawn last, and what was said after it: frames begin at the upper left corner. */
function lastScreen(text: string): string {
  const frames = text.split("\u001b[H").slice(-2); // the last one may be half drawn
  return stripVTControlCharacters(frames.join("\n")).replaceAll("\r", "").replaceAll(/[ \t]+$/gm, "");
}
