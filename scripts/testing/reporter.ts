/**
 * A reporter of node:test that writes `RunnerEvent`s to file descriptor 3, which the tests' own output cannot reach.
 *
 * Results come through the reporter's stream, which stands still while a test blocks the thread. So that a test that blocks or
 * ends the process can be named, each test is announced at its very start, through Node's diagnostics channel. That channel
 * also knows the test file that was run; the stream names the file that holds the call, which for a contract suite is another.
 */
import { tracingChannel } from "node:diagnostics_channel";
import { writeSync } from "node:fs";
import { relative, resolve } from "node:path";
import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";
import type { RunnerEvent, TestResult } from "./events.ts";

const eventsDescriptor = 3;
const idleIntervalMs = 500;
const detailCharactersMax = 8_000;

/** Test files by the name of the outermost test or suite, in the order of declaration, until their results come by. */
const entryFiles = new Map<string, string[]>();

tracingChannel("node.test").start.subscribe((message) => {
  const { name, file, type, nesting } = announcement(message);
  if (name === undefined || file === undefined) return;
  if (nesting === 0) entryFiles.set(name, [...(entryFiles.get(name) ?? []), relativePath(file)]);
  if (type === "test") tell({ kind: "began", file: relativePath(file), name });
});

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const running = new Set<string>();
  const names: string[] = [];
  let entryFile = "";
  const idle = setInterval(() => {
    if (running.size === 0) tell({ kind: "idle", resources: process.getActiveResourcesInfo() });
  }, idleIntervalMs);
  idle.unref();
  for await (const event of source) {
    if (event.type === "test:dequeue") {
      running.add(keyOf(event.data));
    } else if (event.type === "test:complete") {
      running.delete(keyOf(event.data));
    } else if (event.type === "test:start") {
      if (event.data.nesting === 0) entryFile = entryFiles.get(event.data.name)?.shift() ?? relativePath(event.data.file ?? event.data.name);
      names.length = event.data.nesting;
      names[event.data.nesting] = event.data.name;
    } else if (event.type === "test:pass" || event.type === "test:fail") {
      const result = resultOf(event, entryFile, names.slice(0, event.data.nesting + 1).join(" > "));
      if (result !== undefined) tell({ kind: "result", result });
    }
  }
  // The interval goes on: what holds the process from here is told as well, where its loop still turns.
  running.clear();
  tell({ kind: "finished" });
  yield "";
}

function tell(event: RunnerEvent): void {
  writeSync(eventsDescriptor, `${JSON.stringify(event)}\n`);
}

/** The channel's messages are typed as unknown; an unfamiliar one announces nothing. */
function announcement(message: unknown): { readonly name?: string; readonly file?: string; readonly type?: string; readonly nesting?: number } {
  if (typeof message !== "object" || message === null) return {};
  const fields = new Map<string, unknown>(Object.entries(message));
  const text = (key: string): string | undefined => (typeof fields.get(key) === "string" ? String(fields.get(key)) : undefined);
  const [name, file, type, nesting] = [text("name"), text("file"), text("type"), fields.get("nesting")];
  return {
    ...(name === undefined ? {} : { name }),
    ...(file === undefined ? {} : { file }),
    ...(type === undefined ? {} : { type }),
    ...(typeof nesting === "number" ? { nesting } : {}),
  };
}

interface Located {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

const keyOf = ({ name, nesting, file, line }: Located): string => JSON.stringify([file, line, nesting, name]);
const relativePath = (file: string): string => relative(process.cwd(), resolve(file)).replaceAll("\\", "/");

/** Suites and tests that only hold others say nothing of their own, unless they failed by themselves. */
function resultOf(event: TestEvent & { type: "test:pass" | "test:fail" }, file: string, name: string): TestResult | undefined {
  const { data } = event;
  const isFileItself = data.nesting === 0 && data.file !== undefined && resolve(data.name) === resolve(data.file);
  if (event.type === "test:fail") {
    const { error } = event.data.details;
    if (data.todo !== undefined && data.todo !== false) return { file, name, outcome: "skipped", reason: `to do: ${String(data.todo)}` };
    if (Reflect.get(error, "failureType") === "subtestsFailed") return undefined;
    return { file, name: isFileItself ? "could not be loaded" : name, outcome: "failed", reason: detailOf(error) };
  }
  if (data.skip !== undefined && data.skip !== false) {
    return { file, name, outcome: "skipped", reason: typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given" };
  }
  if (isFileItself) return { file, name: "declares no test", outcome: "failed", reason: "A test file without a test can never fail." };
  return event.data.details.type === "suite" ? undefined : { file, name, outcome: "passed", reason: "" };
}

function detailOf(error: Error): string {
  const cause: unknown = error.cause ?? error;
  return (typeof cause === "string" ? cause : inspect(cause, { depth: 4, breakLength: 120 })).slice(0, detailCharactersMax);
}
