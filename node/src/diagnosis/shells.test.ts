import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedactor } from "@holon/core/diagnosis/redact.ts";
import { shellHeardSchema, shellMethods } from "@holon/core/diagnosis/shell.ts";
import type { OpenShell } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import type { CallHandler } from "../link/calls.ts";
import { integrity, openTempLog, tempFolder } from "../testing/temp-log.ts";
import { answerShells, type ShellsContext } from "./shells.ts";

test("who still listens to a shell that was closed does not end the next one, and who asks for one more hears whose it is", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const clock = createClock();
  const shells: { isOpen: boolean; wake?: () => void }[] = [];
  const shell = (): OpenShell => {
    const own: (typeof shells)[number] = { isOpen: true };
    shells.push(own);
    return { write: () => undefined, read: () => "", isOpen: () => own.isOpen, onChange: (listener) => void (own.wake = listener), close: () => void (own.isOpen = false) };
  };
  const handlers = new Map<string, CallHandler>();
  const diagnostics = { verify: () => true, seal: () => ({ enc: "e", sealed: "s" }), shell };
  const config = { name: log.origin, diagnosis: { shell: { signers: { ann: "a", bob: "b" } } } };
  const answering = answerShells({ config, log, events: createEvents({ name: log.origin, jurisdiction: "EU/DE" }, clock), ports: { clock, diagnostics, crypto: integrity }, handlers, known: { refresh: () => Promise.resolve(), redactor: () => createRedactor([]) }, demand: () => Promise.resolve(), fromAbove: (answer: (parameters: unknown) => Promise<unknown>): CallHandler => (parameters) => answer(parameters) } as unknown as ShellsContext); // what shells ask of it
  const by = { principal: "person ann", role: "owner", at: log.origin };
  const call = (method: string, parameters: object): Promise<unknown> => handlers.get(method)?.({ by, ...parameters }, log.origin) ?? assert.fail(method);
  const key = Buffer.alloc(32).toString("base64");
  const signature = Buffer.alloc(64).toString("base64");
  const open = (id: string) => call(shellMethods.open, { grant: { node: log.origin, id, because: "it is slow", sessionKey: key, boxKey: key, until: new Date(Date.now() + 60_000).toISOString() }, signatures: ["ann", "bob"].map((signer) => ({ signer, signature })) });
  const [first, second] = ["0000000000000001", "0000000000000002"];
  await open(first);
  const listening = call(shellMethods.hear, { id: first, waitMs: 15_000 });
  await call(shellMethods.close, { id: first });
  await open(second);
  shells[0]?.wake?.();
  assert.equal(shellHeardSchema.parse(await listening).isOpen, false);
  assert.equal(shellHeardSchema.parse(await call(shellMethods.hear, { id: second })).isOpen, true);
  await assert.rejects(open("0000000000000003"), { code: "HOLON_CALL_BUSY", message: `a shell is open on ${log.origin}, of person ann`, next: /by itself when nothing came for 5 minutes/ });
  answering.close();
});
