/** A project for Compose: one service, the files beside it. */
import { commandOf, healthOf, inContainer, nodeFile, type Workload } from "./workload.ts";

export function composeProject({ name, processors, memoryBytes, accelerators, reads, jurisdiction }: Workload, image: string): object {
  const { folder, state } = inContainer;
  return {
    services: {
      [name]: {
        image,
        command: commandOf(["holon"], folder, state),
        volumes: [`./app:${folder}/app:ro`, `./${nodeFile}:${folder}/${nodeFile}:ro`, `state:${state}`, ...reads.map((path) => `${path}:${path}:ro`)],
        tmpfs: ["/tmp"],
        read_only: true,
        restart: "unless-stopped",
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        mem_limit: memoryBytes,
        cpus: processors,
        ...(accelerators === 0 ? {} : { deploy: { resources: { reservations: { devices: [{ driver: "nvidia", count: accelerators, capabilities: ["gpu"] }] } } } }),
        labels: { "holon/jurisdiction": jurisdiction },
        healthcheck: { test: ["CMD", ...healthOf(["holon"], state)], interval: "30s", timeout: "10s", retries: 3 },
      },
    },
    volumes: { state: {} },
  };
}
