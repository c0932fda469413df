/** A server of somebody else, in a process of its own, that can be frozen and killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { endsWithBench } from "./child-ends.ts";
import { until } from "./until.ts";

export interface RivalProcess {
  pid(): number;
  signal(name: NodeJS.Signals): void;
  /** As a power cut of the process ends it. */
  kill(): Promise<void>;
  /** The same program on the same files. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it and waits until it answers on the port. */
export async function startRival(path: string, words: readonly string[], port: number): Promise<RivalProcess> {
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  };
  const rival: RivalProcess = {
    pid: () => child?.pid ?? 0,
    signal: (name) => void child?.kill(name),
    kill: () => end("SIGKILL"),
    async start() {
      const started = spawn(path, words, { stdio: ["ignore", "ignore", "ignore"] });
      child = started;
      endsWithBench(started);
      await until(`${path} answers on port ${port}`, async () => {
        if (started.exitCode !== null) throw new Error(`${path} ${words.join(" ")} ended with exit code ${started.exitCode}`);
        return answers(port);
      });
    },
    stop: () => end("SIGTERM"),
  };
  await rival.start();
  return rival;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const say = (value: boolean) => () => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", say(true)).once("error", say(false));
  });
}
