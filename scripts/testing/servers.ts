/** The real servers that tests talk to, and where Debian has them. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface Server {
  /** Debian's package. */
  readonly package: string;
  /** The program that proves it is installed. */
  readonly binary: string;
  readonly neededBy: string;
}

export const servers = [
  { package: "mosquitto", binary: "mosquitto", neededBy: "the MQTT door, tried side by side with a broker of the field" },
  { package: "mosquitto-clients", binary: "mosquitto_pub", neededBy: "the MQTT door, fed by a client that is not ours" },
  { package: "nats-server", binary: "nats-server", neededBy: "the engine of a control plane on more than one machine" },
  { package: "bubblewrap", binary: "bwrap", neededBy: "functions that are processes or images, confined" },
  { package: "umoci", binary: "umoci", neededBy: "images of functions, as a builder that is not ours makes them" },
  { package: "prometheus", binary: "prometheus", neededBy: "metrics, scraped by a server that is not ours" },
  { package: "prometheus", binary: "promtool", neededBy: "metrics, checked by a tool that is not ours" },
  { package: "python3", binary: "python3", neededBy: "a function that is a process, in another language" },
  { package: "docker-compose", binary: "docker-compose", neededBy: "projects that are exported for Compose" },
  { package: "systemd", binary: "systemd-analyze", neededBy: "units that are exported for systemd" },
  { package: "chromium", binary: "chromium", neededBy: "the console, looked at in a browser" },
  { package: "swtpm", binary: "swtpm", neededBy: "a TPM 2.0 in software, for quotes and sealed keys" },
  { package: "tpm2-tools", binary: "tpm2", neededBy: "what talks to a TPM" },
] as const satisfies readonly Server[];

export type ServerBinary = (typeof servers)[number]["binary"];

/** Where daemons live on Debian, which is not on the path of every user. */
const daemonFolders = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** Path of an installed program, undefined where there is none. */
export function findBinary(binary: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""), ...daemonFolders];
  return folders.map((folder) => join(folder, binary)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
