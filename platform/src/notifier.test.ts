/** Against a real HTTP receiver that checks the signature, and a real SMTP server. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createListener, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { SMTPServer } from "smtp-server";
import type { NotifierMessage } from "@holon/core/ports.ts";
import { mailSchema } from "@holon/core/schema/alerting.ts";
import { createNotifier } from "./notifier.ts";
import { sendMail } from "./notifier/mail.ts";

const held: Readonly<Record<string, string>> = { hook: "a secret of both ends", odd: "hooks.example/T0P-S3CRET", named: "http://T0P:S3CRET@127.0.0.1/", "no-web": "ftp://127.0.0.1/T0P-S3CRET", "mail-password": "correct horse" };
const notifier = createNotifier({ read: (names) => Promise.resolve(Object.fromEntries(names.flatMap((name) => (held[name] === undefined ? [] : [[name, held[name]]])))) });
const message: NotifierMessage = { key: "0123abcd", subject: "[page] edge-1 is silent", text: "page: edge-1 is silent\n", body: '{"alerts":["ä"]}' };

async function receiver(context: TestContext, answer: { status: number; retryAfter?: string }): Promise<{ readonly url: string; readonly got: { readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: string }[] }> {
  const got: { readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status, answer.retryAfter === undefined ? {} : { "retry-after": answer.retryAfter }).end("whatever");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

test("a webhook is signed by the secret, over the time and every byte", async (context) => {
  const { url, got } = await receiver(context, { status: 204 });
  assert.deepEqual(await notifier.send({ kind: "webhook", url, secret: "hook" }, message), { outcome: "taken" });
  const [{ headers, body } = { headers: {}, body: "" }] = got;
  assert.deepEqual([body, headers["idempotency-key"], headers["content-type"]], [message.body, message.key, "application/json"]);
  assert.equal(headers["holon-signature"], `v1=${createHmac("sha256", held["hook"] ?? "").update(`${String(headers["holon-timestamp"])}.${body}`).digest("hex")}`);
  assert.ok(Math.abs(Number(headers["holon-timestamp"]) - Date.now() / 1_000) < 60);
});

test("what may be mended is tried later, when the receiver says; what it calls bad is not", async (context) => {
  const busy = await receiver(context, { status: 503, retryAfter: "7" });
  assert.deepEqual(await notifier.send({ kind: "webhook", url: busy.url, secret: "hook" }, message), { outcome: "later", why: "the receiver answered 503", afterMs: 7_000 });
  const past = await receiver(context, { status: 429, retryAfter: "-3" });
  assert.deepEqual(await notifier.send({ kind: "webhook", url: past.url, secret: "hook" }, message), { outcome: "later", why: "the receiver answered 429", afterMs: undefined });
  const locked = await receiver(context, { status: 401 });
  assert.equal((await notifier.send({ kind: "webhook", url: locked.url, secret: "hook" }, message)).outcome, "later");
  const bad = await receiver(context, { status: 422 });
  assert.equal((await notifier.send({ kind: "webhook", url: bad.url, secret: "hook" }, message)).outcome, "refused");
  const elsewhere = await receiver(context, { status: 302 });
  assert.equal((await notifier.send({ kind: "webhook", url: elsewhere.url, secret: "hook" }, message)).outcome, "later");
  await assert.rejects(notifier.send({ kind: "webhook", url: "http://127.0.0.1:1/", secret: "hook" }, message));
  await assert.rejects(notifier.send({ kind: "webhook", url: bad.url, secret: "missing" }, message), { code: "HOLON_SECRETS_BAD" });
});

test("an address that cannot be posted to is not told with what is wrong", async () => {
  for (const secretUrl of ["odd", "named", "no-web"]) {
    await assert.rejects(notifier.send({ kind: "webhook", secretUrl, secret: "hook" }, message), (error: Error & { readonly code?: string }) => error.code === "HOLON_CONFIG_BAD" && !/T0P|S3CRET/.test(`${error.message} ${String(error.cause)}`));
  }
});

interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly user: string | undefined;
  readonly secure: boolean;
}

async function postOffice(context: TestContext, refuses: (address: string) => number | undefined = () => undefined): Promise<{ readonly port: number; readonly letters: Letter[] }> {
  const letters: Letter[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => (password === held["mail-password"] ? done(null, { user: username ?? "" }) : done(Object.assign(new Error("no"), { responseCode: 535 }))),
    onRcptTo: ({ address }, _session, done) => {
      const code = refuses(address);
      done(code === undefined ? null : Object.assign(new Error("no such mailbox"), { responseCode: code }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        letters.push({ from: mailFrom === false ? "" : mailFrom.address, to: rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString(), user: typeof session.user === "string" ? session.user : undefined, secure: session.secure });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  context.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, letters };
}

const mailOf = (port: number, more: object = {}) => mailSchema.parse({ kind: "email", host: "127.0.0.1", port, security: "plain", from: "holon@plant.test", to: ["ops@plant.test", "night@plant.test"], ...more });

test("an e-mail names the message by its key, and logs in with the secret", async (context) => {
  const { port, letters } = await postOffice(context);
  assert.deepEqual(await notifier.send(mailOf(port, { login: { user: "holon", secret: "mail-password" } }), message), { outcome: "taken" });
  const [letter] = letters;
  assert.deepEqual([letter?.from, letter?.to, letter?.user], ["holon@plant.test", ["ops@plant.test", "night@plant.test"], "holon"]);
  assert.match(letter?.text ?? "", /^Message-ID: <0123abcd@holon>$/im);
  assert.match(letter?.text ?? "", /^Subject: \[page\] edge-1 is silent$/im);
  assert.match(letter?.text ?? "", /^Auto-Submitted: auto-generated$/im);
});

test("a mailbox that is not is refused; a wrong password, and nobody there, are tried again", async (context) => {
  const { port } = await postOffice(context, () => 550);
  assert.equal((await notifier.send(mailOf(port), message)).outcome, "refused");
  const locked = await postOffice(context);
  assert.equal((await notifier.send(mailOf(locked.port, { login: { user: "holon", secret: "hook" } }), message)).outcome, "later");
  assert.equal((await notifier.send(mailOf(1), message)).outcome, "later");
  assert.equal((await notifier.send(mailOf(locked.port, { security: "starttls" }), message)).outcome, "later", "no encryption, no message");
});

test("a server that serves nobody now says so at its greeting, or at the login: that is of the server, and not of the message", async (context) => {
  for (const says of ["554 no service\r\n", "220 hello\r\n"]) {
    const server = createListener((socket) => {
      socket.on("error", () => undefined);
      socket.write(says);
      socket.on("data", () => socket.write("554 no service\r\n"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => server.close());
    const answer = await notifier.send(mailOf((server.address() as AddressInfo).port), message);
    assert.equal(answer.outcome, "later", says);
    assert.match(answer.outcome === "later" ? answer.why : "", /554 no service/);
  }
});

test("a message that is taken for some and refused for others says for whom it was not", async (context) => {
  const { port, letters } = await postOffice(context, (address) => (address.startsWith("night") ? 550 : undefined));
  const answer = await notifier.send(mailOf(port), message);
  assert.deepEqual([answer.outcome, letters.map(({ to }) => to)], ["taken", [["ops@plant.test"]]]);
  assert.match(answer.outcome === "taken" ? (answer.why ?? "") : "", /refused it for night@plant\.test/);
});

test("for whom it is not taken now alone it is to be sent again; where nobody takes it now, to all", async (context) => {
  const { port } = await postOffice(context, (address) => (address.startsWith("night") ? 451 : address.startsWith("gone") ? 550 : undefined));
  const answer = await notifier.send(mailOf(port, { to: ["ops@plant.test", "night@plant.test", "gone@plant.test"] }), message);
  assert.deepEqual([answer.outcome, answer.outcome === "taken" ? answer.left : undefined], ["taken", ["night@plant.test"]]);
  assert.match(answer.outcome === "taken" ? (answer.why ?? "") : "", /refused it for gone@plant\.test, and takes it later for night@plant\.test/);
  assert.equal((await notifier.send(mailOf(port, { to: ["night@plant.test", "gone@plant.test"] }), message)).outcome, "later");
});

test("a server that goes on saying a little is not listened to for ever", async (context) => {
  const open = new Set<Socket>();
  const server = createListener((socket) => {
    open.add(socket);
    const drip = setInterval(() => socket.write("220-wait\r\n"), 20);
    socket.on("error", () => undefined).on("close", () => {
      open.delete(socket);
      clearInterval(drip);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { login: _, ...to } = mailOf((server.address() as AddressInfo).port);
  const answer = await sendMail({ ...to, login: undefined }, message, 300);
  assert.deepEqual([answer.outcome, /was not done within 0.3 s/.test("why" in answer ? (answer.why ?? "") : "")], ["later", true]);
  while (open.size > 0) await new Promise(setImmediate);
});
