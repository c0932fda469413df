import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { hardeningPoints, judgeMachine } from "@holon/core/hardening/judge.ts";
import { machineFacts } from "./machine-facts.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

const nowMs = Date.now();

const limitsOf = (core: string): string => `Limit                     Soft Limit           Hard Limit           Units\nMax core file size        ${core}            unlimited            bytes\n`;
const processOf = (id: number, name: string, words: readonly string[], more: { readonly environment?: string; readonly userId?: number; readonly tracer?: number; readonly core?: string } = {}): Readonly<Record<string, string>> => ({
  [`proc/${id}/comm`]: `${name}\n`, [`proc/${id}/cmdline`]: words.map((word) => `${word}\0`).join(""), [`proc/${id}/environ`]: more.environment ?? "PATH=/bin\0",
  [`proc/${id}/status`]: `Name:\t${name}\nUid:\t${more.userId ?? 990}\t990\t990\t990\nTracerPid:\t${more.tracer ?? 0}\n`, [`proc/${id}/limits`]: limitsOf(more.core ?? "0"),
});

/** A recorded tree: path and content; of a machine on which something is wrong at each point, or nothing is. Process 12 is a node. */
const weak: Readonly<Record<string, string>> = {
  ...processOf(12, "node", ["node", "--inspect=0.0.0.0:9229", "/opt/holon.ts", "node", "start"], { userId: 0, core: "unlimited", environment: "LD_PRELOAD=/srv/x.so\0" }), ...processOf(13, "node", ["node", "x.ts"], { environment: "A=b\0NODE_OPTIONS=--inspect\0" }),
  "proc/net/tcp": "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A\n   1: 0100007F:1CE8 00000000:0000 0A\n   2: 0207A8C0:1CE9 00000000:0000 0A\n   3: 00000000:1CEA 00000000:0000 01\n",
  "proc/net/tcp6": "  sl\n   0: 00000000000000000000000001000000:1CE8 0:0 0A\n",
  "proc/net/udp": "  sl\n   0: 00000000:14E9 00000000:0000 07\n   1: 0100007F:0035 00000000:0000 07\n   2: 0207A8C0:1000 0107A8C0:0035 01\n",
  "etc/shadow": "root:$y$j9T$x:19000:::\nguest::19000:::\nholon:!:19000:::\n", "etc/passwd": "root:x:0:0:::\nopen::1001:1001:::\n",
  "etc/sudoers": "# %x ALL=(ALL) NOPASSWD: ALL\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n", "etc/sudoers.d/ops": "ops ALL=(ALL) NOPASSWD: ALL\n", "etc/sudoers.d/old.bak": "old ALL=(ALL) NOPASSWD: ALL\n",
  "etc/ssh/sshd_config": "#PermitRootLogin no\nPermitRootLogin yes\n",
  "proc/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\n",
  "etc/apt/apt.conf.d/10x": "APT::Periodic::Update-Package-Lists \"1\";\n", "etc/debian_version": "13\n", "run/reboot-required": "",
  "proc/sys/kernel/core_pattern": "core\n", "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n",
  "proc/sys/kernel/randomize_va_space": "0\n", "proc/sys/kernel/yama/ptrace_scope": "0\n", "proc/sys/kernel/kptr_restrict": "0\n", "proc/sys/kernel/dmesg_restrict": "0\n", "proc/sys/fs/suid_dumpable": "1\n",
  "sys/kernel/security/lockdown": "[none] integrity confidentiality\n", "sys/firmware/efi/efivars/SecureBoot-8be4": "\x06\0\0\0\0", "dev/null": "",
};
const strong: Readonly<Record<string, string>> = {
  ...weak,
  ...processOf(12, "node", ["node", "--max-semi-space-size=2", "/opt/holon.ts", "node", "start", "--inspection"]), ...processOf(13, "node", ["node", "x.ts"], { environment: "NODE_OPTIONS=--max-old-space-size=64\0" }), ...processOf(14, "systemd-timesyn", ["systemd-timesyncd"]), "proc/2/cmdline": "",
  "proc/net/tcp": "  sl\n   1: 0100007F:1CE8 00000000:0000 0A\n", "proc/net/udp": "  sl\n",
  "etc/shadow": "root:*:19000:::\n", "etc/passwd": "root:x:0:0:::\n", "etc/sudoers.d/ops": "ops ALL=(ALL) ALL\n", "etc/ssh/sshd_config": "PermitRootLogin no\nPasswordAuthentication no\n",
  "proc/mounts": "/dev/sda1 / ext4 rw,nosuid,nodev 0 0\ntmpfs /tmp tmpfs rw,nosuid,nodev 0 0\n",
  "etc/apt/apt.conf.d/10x": "APT::Periodic::Unattended-Upgrade \"1\";\n", "var/lib/apt/periodic/update-success-stamp": "", "usr/bin/unattended-upgrade": "", "etc/kernel/postinst.d/unattended-upgrades": "", "run/systemd/timesync/synchronized": "",
  "proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 100\n/dev/dm-1 partition 1 0 1\n", "sys/block/dm-1/dm/uuid": "CRYPT-PLAIN-swap\n", "sys/block/zram0/backing_dev": "none\n",
  "proc/sys/kernel/randomize_va_space": "2\n", "proc/sys/kernel/yama/ptrace_scope": "1\n", "proc/sys/kernel/kptr_restrict": "1\n", "proc/sys/kernel/dmesg_restrict": "1\n", "proc/sys/fs/suid_dumpable": "0\n",
  "sys/kernel/security/lockdown": "none [integrity] confidentiality\n", "sys/firmware/efi/efivars/SecureBoot-8be4": "\x06\0\0\0\x01", "dev/tpmrm0": "",
};
const strongBut = ["run/reboot-required"];

function tree(context: TestContext, files: Readonly<Record<string, string>>, without: readonly string[] = []): string {
  const root = scratchFolder(context);
  for (const [path, content] of Object.entries(files)) {
    if (without.includes(path)) continue;
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content, "latin1");
  }
  return root;
}

function dataOf(context: TestContext, { mode, keyMode, sealed }: { readonly mode: number; readonly keyMode: number; readonly sealed: boolean }): string {
  const data = scratchFolder(context);
  mkdirSync(join(data, "gateway-1", "log"), { recursive: true });
  mkdirSync(join(data, "gateway-1", "identity"));
  writeFileSync(join(data, "gateway-1", "identity", "identity.json"), "{}");
  chmodSync(join(data, "gateway-1", "identity", "identity.json"), keyMode);
  for (const folder of ["", "log", "identity"]) chmodSync(join(data, "gateway-1", folder), mode);
  writeFileSync(join(data, "gateway-1", "lock.pid"), "12\n", { mode: 0o600 });
  if (sealed) writeFileSync(join(data, "gateway-1", "vault.json"), "{}", { mode: 0o600 });
  chmodSync(data, mode);
  return data;
}

const well = { mode: 0o700, keyMode: 0o600, sealed: true } as const;

test("on a weak machine every point is found, with why and what to do; on a strong one none", (context) => {
  const found = judgeMachine(machineFacts({ root: tree(context, weak), data: dataOf(context, { mode: 0o777, keyMode: 0o644, sealed: false }), nowMs }));
  assert.deepEqual(found.filter(({ state }) => state !== "warn" && state !== "bad").map(({ check, state }) => `${check} ${state}`), ["update-lists unknown"]);
  for (const { state, next, reason } of found) assert.ok(state === "unknown" || (next ?? "").length > 10, reason);
  const says = (check: string): string => found.find((finding) => finding.check === check)?.found ?? "";
  assert.equal(says("debugger"), "node --inspect=0.0.0.0:9229 /opt/holon.ts node start; node x.ts");
  assert.equal(says("preload"), "gateway-1: options --inspect=0.0.0.0:9229; gateway-1: LD_PRELOAD /srv/x.so");
  assert.equal(says("sockets"), "192.168.7.2:7401; any address:22; any address:5353 (udp)");
  assert.equal(says("user"), "runs as user 0");
  assert.equal(says("passwords"), "guest; open");
  assert.equal(says("sudo"), "ops ALL=(ALL) NOPASSWD: ALL");
  assert.equal(says("data-folder"), ". 0777; gateway-1 0777; gateway-1/identity 0777; gateway-1/log 0777");
  assert.equal(says("key-files"), "gateway-1/identity/identity.json");
  assert.equal(says("swap"), "/dev/sda2");
  const strongOnes = judgeMachine(machineFacts({ root: tree(context, strong, strongBut), data: dataOf(context, well), nowMs }));
  assert.deepEqual(strongOnes.filter(({ state }) => state !== "ok"), []);
});

test("what cannot be seen is unknown, and neither well nor bad", (context) => {
  const found = judgeMachine(machineFacts({ root: join(scratchFolder(context), "nothing"), data: join(scratchFolder(context), "none"), nowMs }));
  assert.deepEqual(found.filter(({ state }) => state !== "unknown"), []);
  const empty = judgeMachine(machineFacts({ root: tree(context, strong, strongBut), data: scratchFolder(context), nowMs }));
  assert.deepEqual(empty.filter(({ state }) => state === "unknown").map(({ check }) => check), ["preload", "user", "data-folder", "key-files", "sealing", "core-dumps"], "of a folder without nodes");
});

test("each point is well only where what it is about was seen to be well", (context) => {
  type Change = Readonly<Record<string, string | undefined>>;
  const stateOf = (check: string, changes: Change, prepare: (data: string) => void = () => undefined): string => {
    const files = Object.fromEntries(Object.entries({ ...strong, ...changes }).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])));
    const data = dataOf(context, well);
    prepare(data);
    return judgeMachine(machineFacts({ root: tree(context, files, strongBut), data, nowMs })).find((finding) => finding.check === check)?.state ?? "none";
  };
  const mode = (path: string, bits: number) => (data: string) => chmodSync(join(data, "gateway-1", path), bits);
  const keyless = (data: string): void => {
    for (const name of ["identity/identity.json", "vault.json"]) rmSync(join(data, "gateway-1", name));
  };
  const ssh = (text: string): Change => ({ "etc/ssh/sshd_config": text });
  const apt = (name: string, text: string | undefined): Change => ({ [`etc/apt/apt.conf.d/${name}`]: text });
  const cases: readonly (readonly [string, string, Change, ((data: string) => void)?])[] = [
    ["debugger", "bad", processOf(13, "node", ["node", "x.ts"], { tracer: 77 })],
    ["debugger", "bad", processOf(13, "node", ["node", "--inspect-port=0.0.0.0:9300", "x.ts"])],
    ["debugger", "bad", processOf(13, "node", ["node", "--inspect_brk", "x.ts"])],
    ["debugger", "bad", processOf(13, "node", ["node", "x.ts"], { environment: "NODE_OPTIONS=--no-warnings --inspect-wait\0" })],
    ["debugger", "unknown", { "proc/13/environ": undefined }],
    ["debugger", "unknown", { "proc/13/status": undefined }],
    ["debugger", "unknown", { "proc/net/tcp": undefined }],
    ["preload", "warn", { "etc/ld.so.preload": "/usr/lib/evil.so\n" }],
    ["preload", "warn", processOf(12, "node", ["node", "--import", "/srv/evil.mjs", "/opt/holon.ts", "node", "start"])],
    ["preload", "warn", processOf(12, "node", ["node", "/opt/holon.ts"], { environment: "NODE_OPTIONS=--import /srv/evil.mjs\0" })],
    ["preload", "unknown", { "proc/12/environ": undefined }],
    ["preload", "unknown", { "proc/12/cmdline": "somebody-else\0" }],
    ["sockets", "warn", { "proc/net/udp": "  sl\n   0: 00000000:1F90 00000000:0000 07\n" }],
    ["sockets", "unknown", { "proc/net/udp": undefined }],
    ["user", "warn", processOf(12, "node", ["node", "/opt/holon.ts"], { userId: 0 })],
    ["passwords", "bad", { "etc/shadow": undefined, "etc/passwd": "open::1:1:::\n" }],
    ["passwords", "unknown", { "etc/shadow": undefined }],
    ["sudo", "warn", { "etc/sudoers": "Defaults:ada !authenticate\nada ALL=(ALL) ALL\n" }],
    ["sudo", "warn", { "etc/sudoers": "@includedir /etc/sudoers.more\n", "etc/sudoers.more/x": "ada ALL=(ALL) NOPASSWD: ALL\n" }],
    ["sudo", "warn", { "etc/sudoers": "#include sudoers.local\n", "etc/sudoers.local": "ada ALL=(ALL) \\\n  NOPASSWD: ALL\n" }],
    ["sudo", "ok", { "etc/sudoers": undefined }],
    ["ssh-root", "warn", ssh("PermitRootLogin=yes\n")],
    ["ssh-root", "warn", ssh("PermitRootLogin \"yes\"\n")],
    ["ssh-root", "ok", ssh("PermitRootLogin \"no\"\nPermitRootLogin yes\n")],
    ["ssh-root", "warn", ssh("PermitRootLogin no\nMatch Address 0.0.0.0/0\n  PermitRootLogin yes\n")],
    ["ssh-root", "ok", ssh("Match User nobody\n  PermitRootLogin no\nMatch all\n")],
    ["ssh-root", "warn", { ...ssh("Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n"), "etc/ssh/sshd_config.d/a.conf": "PermitRootLogin yes\n" }],
    ["ssh-root", "ok", { ...ssh("PermitRootLogin no\nInclude sshd_config.d/*.conf\n"), "etc/ssh/sshd_config.d/a.conf": "PermitRootLogin yes\n" }],
    ["ssh-root", "unknown", { "etc/ssh/sshd_config": undefined }],
    ["ssh-passwords", "warn", ssh("Match User nobody\n  PasswordAuthentication no\n")],
    ["ssh-passwords", "warn", ssh("PasswordAuthentication no\nMatch User ada\n  PasswordAuthentication yes\n")],
    ["ssh-passwords", "warn", ssh("PasswordAuthentication no\nUsePAM yes\n")],
    ["ssh-passwords", "ok", ssh("PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes\n")],
    ["ssh-passwords", "ok", ssh("PasswordAuthentication \"no\"\n")],
    ["data-folder", "bad", {}, mode("log", 0o777)],
    ["data-folder", "bad", {}, mode("", 0o777)],
    ["data-folder", "bad", {}, mode("identity", 0o770)],
    ["data-folder", "bad", {}, (data) => writeFileSync(join(data, "gateway-1", "log", "000000000001.seg"), "") ?? mode("log/000000000001.seg", 0o666)(data)],
    ["key-files", "bad", {}, (data) => writeFileSync(join(data, "gateway-1", "secrets.json.bak"), "") ?? mode("secrets.json.bak", 0o644)(data)],
    ["key-files", "unknown", {}, keyless],
    ["updates", "warn", apt("99off", "APT::Periodic::Unattended-Upgrade \"0\";\n")],
    ["updates", "ok", apt("99off.disabled", "APT::Periodic::Unattended-Upgrade \"0\";\n")],
    ["updates", "warn", { ...apt("10x", undefined), ...apt("20auto-upgrades.disabled", "APT::Periodic::Unattended-Upgrade \"1\";\n") }],
    ["updates", "warn", apt("20enable", "// a word\nAPT::Periodic { Enable \"0\"; };\n")],
    ["updates", "warn", { "usr/bin/unattended-upgrade": undefined }],
    ["updates", "ok", apt("10x", "APT { Periodic { Unattended-Upgrade \"1\"; /* \"0\"; */ }; Other \"http://x\"; };\n# APT::Periodic::Enable \"0\";\n")],
    ["reboot", "unknown", { "etc/kernel/postinst.d/unattended-upgrades": undefined }],
    ["clock", "unknown", { ...processOf(14, "chronyd", ["chronyd"]) }],
    ["clock", "warn", { "run/systemd/timesync/synchronized": undefined }],
    ["clock", "warn", { ...processOf(14, "cron", ["cron"]) }],
    ["core-dumps", "warn", { "proc/sys/kernel/core_pattern": "|/usr/share/apport/apport %p\n" }],
    ["core-dumps", "warn", { "proc/12/limits": limitsOf("unlimited") }],
    ["core-dumps", "unknown", { "proc/12/limits": undefined, "proc/self/limits": limitsOf("0") }],
    ["swap", "warn", { "sys/block/zram0/backing_dev": "/dev/sda3\n" }],
    ["secure-boot", "warn", { "sys/firmware/efi/efivars/SetupMode-8be4": "\x06\0\0\0\x01" }],
  ];
  assert.deepEqual(cases.map(([check, , changes, prepare]) => `${check} ${stateOf(check, changes, prepare)}`), cases.map(([check, state]) => `${check} ${state}`));
});

test("the folder of one node may be named in place of that of all", (context) => {
  const data = dataOf(context, { mode: 0o755, keyMode: 0o644, sealed: true });
  const { exposedKeys, writable, sealed } = machineFacts({ root: tree(context, strong, strongBut), data: join(data, "gateway-1"), nowMs });
  assert.deepEqual([exposedKeys, writable, sealed], [["identity/identity.json"], [], 1]);
});

test("the page of the list is the list", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "reference", "hardening.md"), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.deepEqual(rows, hardeningPoints.map(({ check, reason, next }) => [`\`${check}\``, reason, next]));
});

test("a debugger that was let in by a signal is found by its port, and every file of a key that others can read", (context) => {
  const proc = { "proc/12/cmdline": "node\0holon.ts\0", "proc/net/tcp": "  sl  local_address rem_address   st\n   0: 0100007F:240D 00000000:0000 0A\n   1: 0100007F:240D 00000000:0000 01\n" };
  const data = dataOf(context, { mode: 0o700, keyMode: 0o600, sealed: true });
  const keys = ["director-root-key.json", "director.json", "log-keys.copy.json", "log-keys.json", "measure-key.json", "quote-key.json", "secrets.json"].map((name) => join("gateway-1", name));
  for (const name of keys) {
    writeFileSync(join(data, name), "{}");
    chmodSync(join(data, name), 0o640);
  }
  const { debugged, exposedKeys } = machineFacts({ root: tree(context, proc), data, nowMs });
  assert.deepEqual(debugged, ["port 9229 of 127.0.0.1, where Node.js listens for one"]);
  assert.deepEqual(exposedKeys, keys);
});
