/** The written list of docs/reference/hardening.md: what a machine should be like, each point with its reason, what was found and what to do. */
import type { MachineFacts } from "./facts.ts";

export interface HardeningFinding {
  readonly check: string;
  /** `unknown`: it cannot be seen from here. */
  readonly state: "ok" | "warn" | "bad" | "unknown";
  readonly found: string;
  readonly reason: string;
  readonly next: string | undefined;
}

interface Point {
  readonly check: string;
  readonly reason: string;
  readonly next: string;
  /** What was found, and whether that is well; undefined where nothing can be seen. */
  look(facts: MachineFacts): { readonly found: string; readonly state: "ok" | "warn" | "bad" } | undefined;
}

const dayMs = 86_400_000;
const updateAgeMsMax = 14 * dayMs;

export const hardeningPoints: readonly Point[] = [
  { check: "debugger", reason: "Who reaches a debugger's port runs what they like as that process, and reads its keys.", next: "Start Node without --inspect, also in NODE_OPTIONS; a process that a signal had listen, start again.", look: ({ debugged }) => listed(debugged, "bad", "no process lets a debugger in") },
  { check: "preload", reason: "What is loaded into a node beside its program runs as the node, and reads its keys.", next: "Take it out of the node's service (Environment=, ExecStart=) or out of /etc/ld.so.preload; or adopt it: docs/concepts/measured.md.", look: ({ preloaded }) => listed(preloaded, "warn", "nothing is loaded into the nodes that run beside their program") },
  { check: "sockets", reason: "Each port that is open to the network is a way in.", next: "Bind what need not be reached to 127.0.0.1, stop what is not needed, or put a firewall before it; the link's port (7401) and the doors are meant to be here.", look: ({ listening }) => listed(listening, "warn", "nothing listens beyond loopback") },
  { check: "user", reason: "A node that runs as root gives all of the machine to whoever gets into it.", next: "Run it as a user of its own: `User=holon` in its service.", look: ({ userIds }) => known(userIds, (ids) => [!ids.includes(0), `runs as user ${ids.join(", ")}`], "warn") },
  { check: "passwords", reason: "A user without a password is everybody.", next: "passwd --lock NAME, for each of them.", look: ({ usersWithoutPassword: users }) => listed(users, "bad", "every user has a password or none that opens") },
  { check: "sudo", reason: "Who takes over a user that may be root without a password is root.", next: "Take NOPASSWD and !authenticate out of the lines that are named, or name the one command that needs it.", look: ({ sudoWithout }) => listed(sudoWithout, "warn", "nobody is root without a password") },
  { check: "ssh-root", reason: "Root has a name that everybody knows.", next: "PermitRootLogin no in /etc/ssh/sshd_config.", look: ({ sshRootLogin }) => known(sshRootLogin, (values) => [values.every((value) => /^(?:no|prohibit-password|without-password|forced-commands-only)(?: where |$)/.test(value)), `PermitRootLogin ${values.join("; ")}`], "warn") },
  { check: "ssh-passwords", reason: "Passwords can be guessed from afar, keys cannot.", next: "PasswordAuthentication no and KbdInteractiveAuthentication no in /etc/ssh/sshd_config, in blocks of Match too.", look: ({ sshPasswords }) => known(sshPasswords, (values) => [values.every((value) => /^no(?: where |$)/.test(value)), `PasswordAuthentication ${values.join("; ")}`], "warn") },
  { check: "data-mount", reason: "No device and no program with another user's rights has any business in the data folder.", next: "Mount the file system of the data folder with nosuid,nodev.", look: ({ dataMount }) => mounted(dataMount, ["nosuid", "nodev"]) },
  { check: "tmp-mount", reason: "Everybody may write to /tmp: what is put there must not get rights or become a device.", next: "Mount /tmp with nosuid,nodev (systemd: tmp.mount).", look: ({ temporaryMount }) => mounted(temporaryMount, ["nosuid", "nodev"]) },
  { check: "data-folder", reason: "Who may write to the data folder may put another history in its place.", next: "chmod go-w on what is named.", look: ({ writable }) => listed(writable, "bad", "folders and logs of nodes are written by their user alone") },
  { check: "key-files", reason: "A key that others can read is theirs too.", next: "chmod 600 on the files that are named; and if somebody may have read them, revoke the node and enrol it again.", look: ({ exposedKeys }) => listed(exposedKeys, "bad", "files of keys are for their user alone") },
  { check: "sealing", reason: "A disk that is taken out gives away what lies on it in the clear.", next: "`sealing: { by: tpm }` in holon.node.yaml, or by file or passphrase; see docs/concepts/at-rest.md.", look: ({ sealed, unsealed }) => (sealed + unsealed === 0 ? undefined : { state: unsealed === 0 ? "ok" : "warn", found: `${sealed} nodes with sealed secrets, ${unsealed} with secrets in the clear` }) },
  { check: "updates", reason: "Most break-ins use what was mended long ago.", next: "Install unattended-upgrades and switch it on.", look: ({ unattendedUpgrades: on }) => known(on, (is) => [is, is ? "security updates come by themselves" : "nobody updates this machine by itself"], "warn") },
  { check: "update-lists", reason: "What is not known to be mended is not updated.", next: "apt-get update, by a timer.", look: ({ updateAgeMs }) => known(updateAgeMs, (age) => [age <= updateAgeMsMax, `lists of packages are ${Math.floor(age / dayMs)} days old`], "warn") },
  { check: "reboot", reason: "A new kernel protects nobody before it runs.", next: "Restart the machine: nodes go on where they were.", look: ({ rebootRequired }) => known(rebootRequired, (is) => [!is, is ? "an update waits for a restart" : "no update waits for a restart"], "warn") },
  { check: "clock", reason: "Certificates and expiry are judged only by a clock that somebody sets; a clock that anybody can set is worse than none.", next: "Run chrony or systemd-timesyncd, with servers of yours or NTS.", look: ({ timeServices, clockSynced }) => (timeServices === undefined || (timeServices.length > 0 && clockSynced === undefined) ? undefined : known(timeServices, (services) => [clockSynced === true, services.length === 0 ? "no time service runs" : `${services.join(", ")}${clockSynced === true ? "" : ", and has not set the clock yet"}`], "warn")) },
  { check: "core-dumps", reason: "A dump of a node's memory holds its keys.", next: "LimitCORE=0 in its service, and a kernel.core_pattern that is no program; or see that dumps are encrypted or not kept.", look: ({ coreSizeMax, corePattern }) => known(coreSizeMax, (bytes) => [bytes === 0, bytes === 0 ? "none are made" : `made, for ${corePattern ?? "nobody knows whom"}`], "warn") },
  { check: "swap", reason: "What is swapped out lies on the disk as it was in memory, keys as well.", next: "swapoff, zram, or swap on an encrypted volume.", look: ({ plainSwap }) => listed(plainSwap, "warn", "none that is not in memory or encrypted") },
  { check: "aslr", reason: "Where everything has its known place, one error is enough.", next: "sysctl kernel.randomize_va_space=2.", look: ({ kernel }) => known(kernel.randomize, (value) => [value === 2, `kernel.randomize_va_space = ${value}`], "bad") },
  { check: "ptrace", reason: "A process may otherwise read the memory of every other one of its user.", next: "sysctl kernel.yama.ptrace_scope=1.", look: ({ kernel }) => known(kernel.ptrace, (value) => [value >= 1, `kernel.yama.ptrace_scope = ${value}`], "warn") },
  { check: "kernel-pointers", reason: "Addresses of the kernel help who attacks it.", next: "sysctl kernel.kptr_restrict=1.", look: ({ kernel }) => known(kernel.pointers, (value) => [value >= 1, `kernel.kptr_restrict = ${value}`], "warn") },
  { check: "kernel-messages", reason: "The kernel's messages tell addresses and what the machine is made of.", next: "sysctl kernel.dmesg_restrict=1.", look: ({ kernel }) => known(kernel.messages, (value) => [value >= 1, `kernel.dmesg_restrict = ${value}`], "warn") },
  { check: "privileged-dumps", reason: "A program with another user's rights would leave its memory to its caller.", next: "sysctl fs.suid_dumpable=0.", look: ({ kernel }) => known(kernel.dumps, (value) => [value !== 1, `fs.suid_dumpable = ${value}`], "warn") },
  { check: "lockdown", reason: "Root could otherwise change the running kernel, and with it all that is measured.", next: "lockdown=integrity on the kernel's command line.", look: ({ lockdown }) => known(lockdown, (mode) => [mode !== "none", mode], "warn") },
  { check: "secure-boot", reason: "Without it the machine starts whatever lies on its disk.", next: "Switch it on in the firmware.", look: ({ secureBoot }) => known(secureBoot, (on) => [on, on ? "on" : "off"], "warn") },
  { check: "tpm", reason: "A key that never leaves its chip cannot be copied with the disk.", next: "Switch the TPM 2.0 on in the firmware, install tpm2-tools, and let the node's user into the group tss.", look: ({ hasTpm }) => known(hasTpm, (is) => [is, is ? "/dev/tpmrm0" : "none that the kernel knows"], "warn") },
];

export const judgeMachine = (facts: MachineFacts): readonly HardeningFinding[] =>
  hardeningPoints.map(({ check, reason, next, look }) => {
    const seen = look(facts);
    if (seen === undefined) return { check, state: "unknown", found: "cannot be seen from here", reason, next: undefined };
    return { check, ...seen, reason, next: seen.state === "ok" ? undefined : next };
  });

const shownMax = 8;

/** Something is wrong with each that is listed. */
function listed(items: readonly string[] | undefined, state: "warn" | "bad", otherwise: string): ReturnType<Point["look"]> {
  if (items === undefined) return undefined;
  if (items.length === 0) return { state: "ok", found: otherwise };
  return { state, found: `${items.slice(0, shownMax).join("; ")}${items.length > shownMax ? ` and ${items.length - shownMax} more` : ""}` };
}

function known<Value>(value: Value | undefined, judge: (value: Value) => readonly [boolean, string], state: "warn" | "bad"): ReturnType<Point["look"]> {
  if (value === undefined) return undefined;
  const [isWell, found] = judge(value);
  return { state: isWell ? "ok" : state, found };
}

function mounted(options: readonly string[] | undefined, wanted: readonly string[]): ReturnType<Point["look"]> {
  if (options === undefined) return undefined;
  const missing = wanted.filter((word) => !options.includes(word));
  return { state: missing.length === 0 ? "ok" : "warn", found: missing.length === 0 ? wanted.join(", ") : `without ${missing.join(", ")}` };
}
