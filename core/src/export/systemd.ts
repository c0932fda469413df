/** A unit for systemd, in which the node has a user, a folder and nothing else of the machine. */
import { commandOf, type Workload } from "./workload.ts";

export function systemdUnit({ name, version, memoryBytes, processors, accelerators, reads, hasProcesses, jurisdiction, leftOut }: Workload, program: string, folder: string): string {
  const lines = [
    ...leftOut.map((line) => `# ${line}`),
    "[Unit]",
    `Description=Holon: ${name} ${version.replaceAll(/[%\n]/g, "")} in ${jurisdiction}`,
    "After=network-online.target time-sync.target",
    "Wants=network-online.target",
    ...reads.map((path) => `ConditionPathExists=${wordOf(path)}`),
    "",
    "[Service]",
    `ExecStart=${commandOf(program.split(" "), folder, "${STATE_DIRECTORY}").map(wordOf).join(" ")}`,
    "Restart=on-failure",
    "RestartSec=5",
    "DynamicUser=yes",
    `StateDirectory=holon/${name}`,
    "StateDirectoryMode=0700",
    "WorkingDirectory=%S/holon/" + name,
    `MemoryMax=${memoryBytes}`,
    `CPUWeight=${Math.min(10_000, Math.max(1, Math.round(processors * 100)))}`,
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateTmp=yes",
    ...(accelerators === 0 ? ["PrivateDevices=yes"] : acceleratorsAlone),
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    ...(hasProcesses ? [] : ["RestrictNamespaces=yes"]),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ];
  return lines.join("\n");
}

/** A word that systemd would take apart is quoted; `${STATE_DIRECTORY}` is for systemd to fill in. */
const wordOf = (word: string): string => (/^[\w@%+=:,./${}-]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`);

/** In place of devices of its own, the machine's: null, random and their like, and accelerators by the names that their drivers have in `/proc/devices`. */
const acceleratorsAlone = ["DevicePolicy=closed", ...["nvidia*", "drm", "kfd", "accel"].map((driver) => `DeviceAllow=char-${driver} rw`), "CapabilityBoundingSet=~CAP_MKNOD CAP_SYS_RAWIO", "SystemCallFilter=~@raw-io"];
