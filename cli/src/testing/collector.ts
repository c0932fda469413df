/** A collector of OpenTelemetry for tests: keeps what it is sent, by the definitions that OpenTelemetry publishes where they are at hand (HOLON_OTLP_PROTO: the folder that holds `opentelemetry/`). */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { decodeJson, decodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { shapes, signals, type Signal } from "@holon/core/telemetry/otlp/convert.ts";
import { z } from "zod";

export interface Received {
  readonly signal: Signal;
  readonly contentType: string;
  readonly request: OtlpMessage;
}

const published = process.env["HOLON_OTLP_PROTO"];
export const isByDefinition = published !== undefined;

async function readers(): Promise<(signal: Signal, body: Uint8Array) => OtlpMessage> {
  if (published === undefined) return (signal, body) => decodeProtobuf(shapes[signal].request, body);
  const { default: protobuf } = await import("protobufjs");
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => join(published, target);
  await root.load(signals.map((signal) => `opentelemetry/proto/collector/${signal === "traces" ? "trace" : signal}/v1/${signal === "traces" ? "trace" : signal}_service.proto`));
  const names: Readonly<Record<Signal, string>> = { traces: "trace.v1.ExportTraceServiceRequest", metrics: "metrics.v1.ExportMetricsServiceRequest", logs: "logs.v1.ExportLogsServiceRequest" };
  return (signal, body) => {
    const type = root.lookupType(`opentelemetry.proto.collector.${names[signal]}`);
    const plain: unknown = type.toObject(type.decode(body), { longs: String, bytes: String, enums: Number });
    return z.record(z.string(), z.any()).parse(plain);
  };
}

export class TestCollector {
  readonly received: Received[] = [];
  /** Answers in place of 200, first to last. */
  readonly answers: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[] = [];
  #server: Server | undefined;
  port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(port = this.port): Promise<void> {
    const read = await readers();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const refusal = this.answers.shift();
        if (refusal !== undefined) return void response.writeHead(refusal.status, refusal.headers).end();
        const signal = signals.find((one) => request.url === `/v1/${one}`);
        const contentType = request.headers["content-type"] ?? "";
        if (signal === undefined) return void response.writeHead(404).end();
        const body = new Uint8Array(Buffer.concat(chunks));
        this.received.push({ signal, contentType, request: contentType === "application/json" ? decodeJson(shapes[signal].request, body) : read(signal, body) });
        response.writeHead(200, { "content-type": contentType }).end(contentType === "application/json" ? "{}" : "");
      });
    }).listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    this.#server = server;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => (this.#server === undefined ? resolve(undefined) : this.#server.close(resolve)));
    this.#server = undefined;
  }
}
