/** A load client in a process of its own, so that it shares no thread with what it loads. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type ClientKind = "bulk" | "mqtt" | "nats" | "natsLibrary";

export interface ClientOrder {
  readonly kind: ClientKind;
  readonly port: number;
  readonly from: number;
  readonly count: number;
  readonly inFlightMax: number;
  readonly payloadBytes: number;
  readonly perSecond?: number;
}

export interface ClientReport {
  readonly acknowledged: number;
  /** From the first byte sent to the last acknowledgement. */
  readonly tookMs: number;
  /** User and system time of the client's process for it. */
  readonly processorMs: number;
}

export type FromClient = { readonly acknowledged: number } | { readonly report: ClientReport };

export interface LoadProcess {
  /** One load after the other. `progress` hears how far the acknowledgements have come, some times a second. */
  run(order: ClientOrder, progress?: (acknowledged: number) => void): Promise<ClientReport>;
  end(): Promise<void>;
}

export function startLoadProcess(): LoadProcess {
  const child = fork(fileURLToPath(new URL("client-child.ts", import.meta.url)), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit");
  return {
    run: (order, progress) =>
      new Promise((resolve, reject) => {
        const gone = (): void => reject(new Error("the client's process ended"));
        const heard = (message: FromClient): void => {
          if ("acknowledged" in message) return progress?.(message.acknowledged);
          child.off("message", heard).off("exit", gone);
          resolve(message.report);
        };
        child.on("message", heard).once("exit", gone);
        child.send(order);
      }),
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
