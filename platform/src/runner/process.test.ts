import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { z } from "zod";
import { need } from "../../../scripts/testing/need.ts";
import type { ServerBinary } from "../../../scripts/testing/servers.ts";
import type { UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { eventsOf, fails } from "@holon/sim/contracts/runner.ts";
import { canConfine } from "../confine.ts";
import { createRunner } from "../runner.ts";
import { spentBy } from "../testing/spent-runs.ts";

const runner = createRunner();
after(() => runner.close());

/** A program of the contract around the body of `run(events, state)`, which returns the answer. */
const server = (body: string): string => `
import json, os, socket, sys, time
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
def event_work(n, events):
    # A quarter of a second of its own time, however busy the machine is.
    return events[0]["data"] == 1 and time.process_time() < began + 0.25 if n else events[0]["data"] == 1 and mark()
def mark():
    global began
    began = time.process_time()
    return True
def run(events, state):
${body.split("\n").map((line) => `    ${line}`).join("\n")}
class Handler(BaseHTTPRequestHandler):
    def address_string(self): return ""
    def log_message(self, *words): pass
    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200); self.send_header("content-length", str(len(data))); self.end_headers(); self.wfile.write(data)
    def do_GET(self): self.answer({})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) if "content-length" in self.headers else self.chunked())
        globals()["secrets"] = asked.get("secrets")
        self.answer(run(asked["events"], asked["state"]))
    def chunked(self):
        data = b""
        while True:
            size = int(self.rfile.readline(), 16)
            data += self.rfile.read(size); self.rfile.readline()
            if size == 0: return data
UnixStreamServer(os.environ["HOLON_SOCKET"], Handler).serve_forever()
`;

/** In a container without the right to make namespaces, bubblewrap is there and cannot work. */
const both = (...binaries: readonly ServerBinary[]): { readonly skip: string | false } => {
  const missing = binaries.map((binary) => need(binary).skip).find((skip) => skip !== false);
  return { skip: missing ?? (canConfine() ? false : "bubblewrap may not make namespaces here") };
};

const seenSchema = z.tuple([z.string(), z.string(), z.string(), z.string(), z.array(z.string()), z.boolean()]);

const start = (body: string, options: Partial<UnitProgram> = {}): Promise<UnitInstance> =>
  runner.start({
    name: "probe",
    code: new TextEncoder().encode(server(body)),
    runtime: "process",
    command: ["python3", "$HOLON_MODULE"],
    models: {},
    fitted: [],
    state: new Map(),
    timeoutMs: 5_000,
    startMs: 10_000,
    ...options,
  });

describe("a function that is a process", () => {
  it("answers over its socket, with state", both("bwrap", "python3"), async () => {
    const unit = await start(`total = state.get("total", 0) + sum(event["data"] for event in events)\nreturn {"outputs": [{"type": "out.made", "data": total, "cause": len(events) - 1}], "state": [{"key": "total", "value": total}]}`);
    assert.deepEqual((await unit.handle(eventsOf(1, 2))).outputs, [{ type: "out.made", subject: "pump-1", timeMs: 1_000, data: 3, cause: 1 }]);
    assert.deepEqual((await unit.handle(eventsOf(4))).state, [{ key: "total", value: "7" }]);
    await unit.stop();
  });

  it("has no network, no environment, no files of the node, and cannot see other processes", both("bwrap", "python3"), async () => {
    process.env["HOLON_TEST_MARK"] = "visible";
    const body = `def attempt(work):
    try:
        return str(work())
    except Exception as error:
        return type(error).__name__
def connect():
    socket.create_connection(("127.0.0.1", 22), 1); return "connected"
return {"outputs": [{"type": "out.made", "data": [attempt(connect), attempt(lambda: open("/etc/passwd").read()), attempt(lambda: open("/usr/written", "w")), attempt(lambda: os.listdir(${JSON.stringify(process.cwd())})), sorted(os.environ) , len([p for p in os.listdir("/proc") if p.isdigit()]) < 6]}]}`;
    const unit = await start(body);
    const { outputs } = await unit.handle(eventsOf(1));
    const [network, passwd, write, list, environment, alone] = seenSchema.parse(outputs[0]?.data);
    assert.match(network, /Error/);
    assert.deepEqual([passwd, write, list, alone], ["FileNotFoundError", "OSError", "FileNotFoundError", true]);
    assert.deepEqual(environment.filter((name) => !["HOLON_FOLDER", "HOLON_MODULE", "HOLON_SOCKET", "LC_CTYPE", "PATH", "PWD"].includes(name)), []);
    await unit.stop();
  });

  it("is given the secrets of its program with each batch, and nowhere else", both("bwrap", "python3"), async () => {
    const unit = await start(`return {"outputs": [{"type": "out.made", "data": [secrets, "4711" in str(os.environ), [name for name in os.listdir(os.environ["HOLON_FOLDER"]) if name not in ("module", "socket")]]}]}`, { secrets: { key: "k-4711-k" } });
    assert.deepEqual((await unit.handle(eventsOf(1))).outputs[0]?.data, [{ key: "k-4711-k" }, false, []]);
    await unit.stop();
  });

  it("is metered: processor time of each batch, and memory", both("bwrap", "python3"), async () => {
    const unit = await start(`n = 0\nwhile event_work(n, events): n += 1\nreturn {}`);
    const idle = (await unit.handle(eventsOf(0))).usage;
    const busy = (await unit.handle(eventsOf(1))).usage;
    const rested = (await unit.handle(eventsOf(0))).usage;
    assert.ok(idle !== undefined && busy !== undefined && rested !== undefined);
    assert.ok(busy.processorMs >= 200 && busy.processorMs > rested.processorMs, JSON.stringify([idle, busy, rested]));
    assert.ok(busy.memoryBytes > 4 << 20 && busy.memoryBytes < 1 << 30, JSON.stringify(busy));
    await unit.stop();
  });

  it("is metered where it is ended since it took too long", both("bwrap", "python3"), async () => {
    const spent = await spentBy(await start("while True: pass", { timeoutMs: 1_500 }));
    assert.ok(spent.processorMs > 5 && spent.memoryBytes > 4 << 20, JSON.stringify(spent));
  });

  it("is ended when it hangs, dies, answers nonsense, or wants more memory than it may", both("bwrap", "python3"), async () => {
    const bodies: readonly (readonly [string, "HOLON_UNIT_TIMEOUT" | "HOLON_UNIT_DIED"])[] = [
      ["while True: pass", "HOLON_UNIT_TIMEOUT"],
      ["os._exit(3)", "HOLON_UNIT_DIED"],
      [`return {"outputs": 7}`, "HOLON_UNIT_DIED"],
      [`return {"outputs": [{"type": "out.made", "data": 1, "cause": 9}]}`, "HOLON_UNIT_DIED"],
    ];
    for (const [body, code] of bodies) {
      const unit = await start(body, { timeoutMs: 1_500, memoryBytesMax: 256 << 20 });
      await fails(unit.handle(eventsOf(1)), code, /probe/);
      await fails(unit.handle(eventsOf(1)), code, /probe/);
      await unit.stop();
    }
  });

  it("has no more memory than it may, 64 MiB where nothing else is said", both("bwrap", "python3"), async () => {
    await fails((await start("held = bytearray(128 << 20)\nfor n in range(0, len(held), 4096): held[n] = 1\ntime.sleep(4)\nreturn {}")).handle(eventsOf(1)), "HOLON_UNIT_DIED", /hold \d+ MiB together, of 64 MiB/);
    const unit = await start(`try:\n    bytearray(1 << 30)\n    return {"outputs": [{"type": "out.made", "data": "got it"}]}\nexcept MemoryError:\n    return {"outputs": [{"type": "out.made", "data": "MemoryError"}]}`, { memoryBytesMax: 256 << 20 });
    assert.equal((await unit.handle(eventsOf(1))).outputs[0]?.data, "MemoryError");
    await unit.stop();
  });

  it("cannot have the node talk to another socket of the machine", both("bwrap", "python3"), async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "holon-test-"));
    const heard: string[] = [];
    const host = createServer((socket) => {
      heard.push("connected");
      socket.destroy();
    }).listen(join(folder, "host"));
    context.after(() => {
      host.close();
      rmSync(folder, { recursive: true });
    });
    await once(host, "listening");
    const unit = await start(`os.unlink(os.environ["HOLON_SOCKET"]); os.symlink(${JSON.stringify(join(folder, "host"))}, os.environ["HOLON_SOCKET"])\nreturn {}`);
    await unit.handle(eventsOf(1));
    await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", /where its socket should be there is none/);
    assert.deepEqual(heard, []);
  });

  it("reads of the machine's kernel what it may, and writes none of its settings, whoever runs the node", both("bwrap", "python3"), async () => {
    const unit = await start(`seen = []\nfor path in ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/self/oom_score_adj"]:\n    try:\n        open(path, "a").close()\n        seen.append("opened")\n    except OSError as error:\n        seen.append(error.strerror)\nreturn {"outputs": [{"type": "out.made", "data": seen}]}`);
    assert.deepEqual(z.array(z.string()).parse((await unit.handle(eventsOf(1))).outputs[0]?.data).filter((said) => said !== "Permission denied" && said !== "Read-only file system"), []);
    await unit.stop();
  });

  it("fills no more of what it may write to than there is for it", both("bwrap", "python3"), async () => {
    const fill = (path: string): string => `try:\n    with open("${path}/filled", "wb") as file:\n        for n in range(200): file.write(bytes(1 << 20))\n    seen.append("written")\nexcept OSError as error:\n    seen.append(error.strerror)`;
    const unit = await start(`seen = []\n${["/tmp", "/dev/shm", "/dev"].map(fill).join("\n")}\nreturn {"outputs": [{"type": "out.made", "data": seen}]}`);
    assert.deepEqual((await unit.handle(eventsOf(1))).outputs[0]?.data, ["No space left on device", "No space left on device", "Read-only file system"]);
    await unit.stop();
  });

  it("is ended when its processes together hold more than it may, or are too many", both("bwrap", "python3"), async () => {
    const many = (count: number, bytes: number): string => `import mmap\nfor n in range(${count}):\n    if os.fork() == 0:\n        held = b"x" * ${bytes}\n        while True: time.sleep(1)\ntime.sleep(4)\nreturn {}`;
    await fails((await start(many(6, 60 << 20), { memoryBytesMax: 200 << 20 })).handle(eventsOf(1)), "HOLON_UNIT_DIED", /processes hold \d+ MiB together, of 200 MiB/);
    await fails((await start(many(300, 1), { memoryBytesMax: 512 << 20 })).handle(eventsOf(1)), "HOLON_UNIT_DIED", /more than 256 processes/);
    const few = await start(`for n in range(3):\n    if os.fork() == 0:\n        time.sleep(2); os._exit(0)\ntime.sleep(1)\nreturn {}`, { memoryBytesMax: 64 << 20 });
    await few.handle(eventsOf(1));
    await few.stop();
  });

  it("that names no program is refused", async () => {
    await fails(start("return {}", { command: ["/no/such/program"], unconfined: true, startMs: 2_000 }), "HOLON_UNIT_DIED", /probe/);
  });
});
