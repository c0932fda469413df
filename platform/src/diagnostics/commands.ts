/** Commands that every Linux machine has: each looks, and changes nothing. Their words are fixed; what a program would print of others' arguments or environment is not asked for. */
import { commandSchema, type DeclaredCommand } from "@holon/core/diagnosis/commands.ts";

const host = { name: "host", pattern: "[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,126}[A-Za-z0-9])?" };

const declared = [
  { name: "disk", about: "file systems, and how full they are", run: ["/bin/df", "-P", "-k"] },
  { name: "inodes", about: "file systems, and how many files they can still take", run: ["/bin/df", "-P", "-i"] },
  { name: "memory", about: "memory, and what is free of it", run: ["/usr/bin/free", "-m"] },
  { name: "processes", about: "processes by memory: no arguments", run: ["/bin/ps", "-eo", "pid,ppid,pcpu,rss,etime,stat,comm", "--sort=-rss"] },
  { name: "uptime", about: "since when the machine runs, and its load", run: ["/usr/bin/uptime"] },
  { name: "addresses", about: "network interfaces and their addresses", run: ["/sbin/ip", "-brief", "address"] },
  { name: "routes", about: "where packets go", run: ["/sbin/ip", "route"] },
  { name: "sockets", about: "what listens: no programs", run: ["/usr/bin/ss", "-lntu"] },
  { name: "resolve", about: "what a name stands for, as this machine sees it", run: ["/usr/bin/getent", "ahosts", "{host}"], arguments: [host] },
  { name: "time", about: "what the machine's time service says", run: ["/usr/bin/timedatectl", "status"] },
];

/** Figures of the machine, none of which is a reading: they may be told. */
export const machineCommands: readonly DeclaredCommand[] = process.platform === "linux" ? declared.map((command) => commandSchema.parse({ ...command, class: "public", timeoutMs: 10_000 })) : [];
