/** nats-server with JetStream on files of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { natsSubject } from "./client-nats.ts";
import { freePort } from "./free-port.ts";
import { startRival, type RivalProcess } from "./rival-process.ts";

export interface NatsServer extends RivalProcess {
  readonly port: number;
  /** A question to the server and its answer, JSON both. Fails by name where the answer is an error. */
  ask(subject: string, question: unknown): Promise<Readonly<Record<string, unknown>>>;
}

export interface NatsOptions {
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  /** Lines of the configuration beyond those that every server has. */
  readonly more?: readonly string[];
  /** Lines of its block `jetstream`. */
  readonly jetstream?: readonly string[];
}

export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const port = await freePort();
  const rival = await startRival(options.path, ["-c", writeConfig(options, port)], port);
  return { ...rival, port, ask: (subject, question) => ask(port, subject, question) };
}

/** Whether this version knows these lines: it refuses a configuration with one that it does not. */
export function takesConfig(options: NatsOptions): boolean {
  return spawnSync(options.path, ["-t", "-c", writeConfig(options, 4222)], { encoding: "utf8" }).status === 0;
}

function writeConfig({ folder, name, more = [], jetstream = [] }: NatsOptions, port: number): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const file = join(place, "server.conf");
  const lines = [`listen: "127.0.0.1:${port}"`, `server_name: ${name}`, `jetstream {`, `store_dir: ${JSON.stringify(join(place, "store"))}`, ...jetstream, `}`, ...more];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** The stream that takes the bench's messages onto disk. */
export const benchStream = { name: "BENCH", subjects: [natsSubject], storage: "file", retention: "limits", discard: "old", num_replicas: 1 } as const;

async function ask(port: number, subject: string, question: unknown): Promise<Readonly<Record<string, unknown>>> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  try {
    await once(socket, "data"); // INFO
    const body = question === undefined ? "" : JSON.stringify(question);
    const inbox = `_INBOX.ask${Math.random().toString(36).slice(2)}`;
    socket.write(`CONNECT {"verbose":false}\r\nSUB ${inbox} 1\r\nPUB ${subject} ${inbox} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
    let text = "";
    for await (const piece of socket.setEncoding("utf8")) {
      text += String(piece);
      const found = /MSG \S+ 1 (\d+)\r\n([\s\S]*)\r\n$/.exec(text);
      if (found === null || Buffer.byteLength(found[2] ?? "") < Number(found[1])) continue;
      const answer: unknown = JSON.parse(found[2] ?? "");
      if (typeof answer !== "object" || answer === null || "error" in answer) throw new Error(`${subject} was answered ${found[2]}`);
      return { ...answer };
    }
    throw new Error(`${subject} was not answered`);
  } finally {
    socket.destroy();
  }
}
