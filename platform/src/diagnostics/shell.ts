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
  function killGroup(): void {
    if (child.pid === undefined || !open) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // it ended meanwhile
    }
  }
  function close(): void {
    killGroup();
    // What left its group may hold them for as long as it likes.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }
  const isFull = (): boolean => said.length >= diagnosisBounds.shellOutputBytesMax;
  /** It has ended, and what it started and left behind may hold its output: that goes with it. What it said itself is in the pipe, and is read before. */
  function endLeft(isKilled = false): void {
    setTimeout(() => {
      if (!open) return;
      if (!isKilled) killGroup();
      if (isKilled && !isFull()) close();
      else endLeft(true);
    }, diagnosisBounds.shellLeftMs).unref();
  }
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (isFull()) output.pause();
      changed();
    });
  }
  child.once("error", (error) => {
    said += `${error.message}\n`;
    end();
  });
  child.once("exit", () => endLeft());
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
      if (!isFull()) for (const output of [child.stdout, child.stderr]) output.resume();
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
