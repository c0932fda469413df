import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { hardeningPoints, judgeMachine } from "@holon/core/hardening/judge.ts";
import { machineFacts } from "./machine-facts.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";

const nowMs = Date.now();

/** A recorded tree: path and content; of a machine on which something is wrong at each point, or nothing is. */
const weak: Readonly<Record<string, string>> = {
  "proc/12/cmdline": "node\0--inspect=0.0.0.0:9229\0holon.ts\0", "proc/12/comm": "node\n", "proc/13/cmdline": "node\0x.ts\0", "proc/13/environ": "A=b\0NODE_OPTIONS=--inspect\0", "proc/13/comm": "node\n",
  "proc/net/tcp": "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A\n   1: 0100007F:1CE8 00000000:0000 0A\n   2: 0207A8C0:1CE9 00000000:0000 0A\n   3: 00000000:1CEA 00000000:0000 01\n",
  "proc/net/tcp6": "  sl\n   0: 00000000000000000000000001000000:1CE8 0:0 0A\n",
  "etc/shadow": "root:$y$j9T$x:19000:::\nguest::19000:::\nholon:!:19000:::\n",
  "etc/sudoers": "# %x ALL=(ALL) NOPASSWD: ALL\nroot ALL=(ALL:ALL) ALL\n", "etc/sudoers.d/ops": "ops ALL=(ALL) NOPASSWD: ALL\n",
  "etc/ssh/sshd_config": "#PermitRootLogin no\nPermitRootLogin yes\n",
  "proc/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\n",
  "etc/apt/apt.conf.d/10x": "APT::Periodic::Update-Package-Lists \"1\";\n", "etc/debian_version": "13\n", "run/reboot-required": "",
  "proc/self/limits": "Limit                     Soft Limit           Hard Limit           Units\nMax core file size        unlimited            unlimited            bytes\n",
  "proc/sys/kernel/core_pattern": "core\n", "proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n",
  "proc/sys/kernel/randomize_va_space": "0\n", "proc/sys/kernel/yama/ptrace_scope": "0\n", "proc/sys/kernel/kptr_restrict": "0\n", "proc/sys/kernel/dmesg_restrict": "0\n", "proc/sys/fs/suid_dumpable": "1\n",
  "sys/kernel/security/lockdown": "[none] integrity confidentiality\n", "sys/firmware/efi/efivars/SecureBoot-8be4": "\x06\0\0\0\0",
};
const strong: Readonly<Record<string, string>> = {
  ...weak,
  "proc/12/cmdline": "node\0holon.ts\0--inspection\0", "proc/13/environ": "NODE_OPTIONS=--max-old-space-size=64\0", "proc/14/comm": "chronyd\n", "proc/14/cmdline": "chronyd\0",
  "proc/net/tcp": "  sl\n   1: 0100007F:1CE8 00000000:0000 0A\n",
  "etc/shadow": "root:*:19000:::\n", "etc/sudoers.d/ops": "ops ALL=(ALL) ALL\n", "etc/ssh/sshd_config": "PermitRootLogin no\nPasswordAuthentication no\n",
  "proc/mounts": "/dev/sda1 / ext4 rw,nosuid,nodev 0 0\ntmpfs /tmp tmpfs rw,nosuid,nodev 0 0\n",
  "etc/apt/apt.conf.d/10x": "APT::Periodic::Unattended-Upgrade \"1\";\n", "var/lib/apt/periodic/update-success-stamp": "",
  "proc/self/limits": "Max core file size        0                    0                    bytes\n", "proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 100\n/dev/dm-1 partition 1 0 1\n", "sys/block/dm-1/dm/uuid": "CRYPT-PLAIN-swap\n",
  "proc/sys/kernel/randomize_va_space": "2\n", "proc/sys/kernel/yama/ptrace_scope": "1\n", "proc/sys/kernel/kptr_restrict": "1\n", "proc/sys/kernel/dmesg_restrict": "1\n", "proc/sys/fs/suid_dumpable": "0\n",
  "sys/kernel/security/lockdown": "none [integrity] confidentiality\n", "sys/firmware/efi/efivars/SecureBoot-8be4": "\x06\0\0\0\x01", "dev/tpmrm0": "",
};

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
  if (sealed) writeFileSync(join(data, "gateway-1", "vault.json"), "{}", { mode: 0o600 });
  chmodSync(data, mode);
  return data;
}

test("on a weak machine every point is found, with why and what to do; on a strong one none", (context) => {
  const found = judgeMachine(machineFacts({ root: tree(context, weak), data: dataOf(context, { mode: 0o777, keyMode: 0o644, sealed: false }), userId: 0, nowMs }));
  assert.deepEqual(found.filter(({ state }) => state !== "warn" && state !== "bad").map(({ check, state }) => `${check} ${state}`), ["update-lists unknown"]);
  for (const { state, next, reason } of found) assert.ok(state === "unknown" || (next ?? "").length > 10, reason);
  const says = (check: string): string => found.find((finding) => finding.check === check)?.found ?? "";
  assert.equal(says("debugger"), "node --inspect=0.0.0.0:9229 holon.ts; node x.ts");
  assert.equal(says("sockets"), "192.168.7.2:7401; any address:22");
  assert.equal(says("passwords"), "guest");
  assert.equal(says("sudo"), "ops ALL=(ALL) NOPASSWD: ALL");
  assert.equal(says("key-files"), "gateway-1/identity/identity.json");
  assert.equal(says("swap"), "/dev/sda2");
  const well = judgeMachine(machineFacts({ root: tree(context, strong, ["run/reboot-required"]), data: dataOf(context, { mode: 0o700, keyMode: 0o600, sealed: true }), userId: 990, nowMs }));
  assert.deepEqual(well.filter(({ state }) => state !== "ok"), []);
});

test("what cannot be seen is unknown, and neither well nor bad", (context) => {
  const found = judgeMachine(machineFacts({ root: join(scratchFolder(context), "nothing"), data: join(scratchFolder(context), "none"), userId: 990, nowMs }));
  assert.deepEqual(found.filter(({ state }) => state !== "unknown").map(({ check }) => check), ["user", "sudo", "tpm"]);
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
  const { debugged, exposedKeys } = machineFacts({ root: tree(context, proc), data, userId: 1, nowMs });
  assert.deepEqual(debugged, ["port 9229 of 127.0.0.1, where Node.js listens for one"]);
  assert.deepEqual(exposedKeys, keys);
});
