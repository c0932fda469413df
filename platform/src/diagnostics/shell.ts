/** A shell of this machine for somebody far away: lines in, text out, no terminal. It waits while what it said is not read. */
import { spawn } from "node:child_process";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { OpenShell } from "@holon/core/ports.ts";

export function openShell(): OpenShell {
  const child = spawn("/bin/sh", [], { cwd: "/", env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", HOME: "/" }, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const listeners = new Set<() => void>();
  let said = "";
  let open = true;
  const changed = (): void => {
    const told = [...listeners];
    listeners.clear();
    for (const listener of told) listener();
  };
  const end = (): void => {
    open = false;
    changed();
  };
  function close(): void {
    if (child.pid === undefined || !open) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // it ended meanwhile
    }
    // What left its group may hold them for as long as it likes.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.length >= diagnosisBounds.shellOutputBytesMax) output.pause();
      changed();
    });
  }
  child.once("error", (error) => {
    said += `${error.message}\n`;
    end();
  });
  child.once("close", end);
  child.stdin.on("error", () => undefined); // it has ended; reading says so
  return {
    write(text) {
      if (!open) throw new HolonError("HOLON_SHELL_ENDED", "the shell has ended");
      if (child.stdin.writableLength + Buffer.byteLength(text) > diagnosisBounds.shellWaitingBytesMax) {
        close();
        throw new HolonError("HOLON_SHELL_ENDED", `the shell was ended: it does not read what is typed, of which ${diagnosisBounds.shellWaitingBytesMax} bytes may wait`);
      }
      child.stdin.write(text);
    },
    read() {
      const text = said.slice(0, diagnosisBounds.answerBytesMax);
      said = said.slice(text.length);
      if (said.length < diagnosisBounds.shellOutputBytesMax) for (const output of [child.stdout, child.stderr]) output.resume();
      return text;
    },
    isOpen: () => open || said.length > 0,
    onChange(listener) {
      if (said !== "" || !open) listener();
      else listeners.add(listener);
    },
    close,
  };
}
