import assert from "node:assert/strict";
import { test } from "node:test";
import { canBeRead } from "@holon/platform/testing/can-be-read.ts";
import fc from "fast-check";
import { createRedactor, withoutForeignWords } from "./redact.ts";

const printable = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&/()=?+*#-_.:,;@\"'\\ äß漢\u{1f511}") }).filter((text) => text.trim().length >= 8);
const around = fc.string({ maxLength: 20 });
const b64 = (text: string): string => Buffer.from(text).toString("base64");

const units = (text: string): readonly string[] => Array.from({ length: text.length }, (_, index) => text.charAt(index));
const unit = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, "0")}`;
const percent = (text: string): string => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
/** What JSON, addresses and forms allow, as one program or another writes it. */
const escapes: readonly ((secret: string) => string)[] = [
  (secret) => units(JSON.stringify(secret)).map((each) => (each > "~" ? unit(each) : each)).join(""),
  (secret) => units(secret).map((each) => unit(each).replaceAll(/[a-f]/g, (digit) => digit.toUpperCase())).join(""),
  (secret) => JSON.stringify(secret).replaceAll("/", "\\/"),
  (secret) => JSON.stringify(JSON.stringify({ deep: secret })),
  (secret) => encodeURIComponent(secret).replaceAll(/%../g, (digits) => digits.toLowerCase()),
  (secret) => encodeURI(secret),
  (secret) => percent(secret),
  (secret) => encodeURIComponent(encodeURIComponent(secret)),
  (secret) => new URLSearchParams({ secret }).toString(),
  (secret) => [...secret].map((each, index) => (index % 2 === 0 ? percent(each) : each)).join(""),
  (secret) => [...Buffer.from(secret)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  (secret) => secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
  (secret) => [...secret].map((each) => `&amp;#x${each.codePointAt(0)?.toString(16)};`).join(""),
  (secret) => [...secret].map((each) => `&#${each.codePointAt(0)};`).join(""),
];

/** Every shape in which a careless program might write a secret. */
const shapes: readonly ((secret: string, before: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify({ deep: [secret] }),
  (secret) => `https://host/x?y=${encodeURIComponent(secret)}`,
  (secret) => b64(secret),
  (secret, before) => b64(before + secret),
  (secret) => Buffer.from(secret).toString("base64url"),
  (secret) => Buffer.from(secret).toString("hex"),
  (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  (secret) => [...Buffer.from(secret)].map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
  (secret) => [...Buffer.from(secret)].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" "),
];

test("of text that was cut off in the midst of a secret, nothing of the secret is left", () => {
  const wholes = [...shapes, ...escapes].filter((shape) => !/^(?:[{"?]|secret=|https)/.test(shape("secret", "")));
  fc.assert(
    fc.property(printable.filter((secret) => !secret.includes("\\")), fc.constantFrom(...wholes), fc.nat(), (secret, shape, at) => {
      const shaped = shape(secret, "");
      const cut = shaped.slice(0, 1 + (at % (shaped.length - 3))); // the last digits of base64 are not the secret's alone
      const shown = createRedactor([secret]).cutOff(`it is ${cut}`);
      assert.ok("it is ".startsWith(shown.replace(/\[secret\]$/, "")), shown);
    }),
    { numRuns: 1_000 },
  );
  const { cutOff } = createRedactor(["kuchenblech%", "kuchenblech&"]);
  for (const cut of ["kuchenblech%252", "kuchenblech%25252", "kuchenblech&a", "kuchenblech&am", "kuchenblech&amp", "kuchenblech&amp;#x2"]) assert.match(cutOff(`it is ${cut}`), /^it is (?:\[secret\])?$/, cut);
  const keys = createRedactor(["key-\u{1f511}-of-all"]);
  for (const cut of ["key-\\ud83d", "key-\\ud83d\\udd1", "key-\ud83d", "key-%f0%9f%94", "key-&#x1f51"]) assert.equal(keys.cutOff(`it is ${cut}`), "it is ", cut);
});

test("a secret that is known is read out of no text, whatever shape it has in it", () => {
  let planted = 0;
  fc.assert(
    fc.property(printable, around, around, fc.constantFrom(...shapes), (secret, before, after, shape) => {
      const text = `${before} ${shape(secret, before)} ${after}`;
      planted += canBeRead(text, secret) ? 1 : 0;
      const clean = createRedactor([secret]).text(text);
      assert.equal(canBeRead(clean, secret), false, clean);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(planted > 1_900, `only ${planted} of 2,000 texts held the secret before: the search sees too little`);
});

const tokenBytes = fc.uint8Array({ minLength: 24, maxLength: 48 }).map((bytes) => Buffer.from(bytes));

test("what looks like a secret is taken out, though nobody knows it", () => {
  const looks: readonly ((bytes: Buffer) => { readonly text: string; readonly secret: string })[] = [
    (bytes) => ({ text: `Authorization: Bearer ${bytes.toString("base64url")}`, secret: bytes.toString("base64url") }),
    (bytes) => ({ text: `connecting to postgres://holon:${bytes.toString("hex")}@db:5432/x`, secret: bytes.toString("hex") }),
    (bytes) => ({ text: `amqp://user:p@ss/${bytes.toString("base64url")}@mq:5672`, secret: bytes.toString("base64url") }),
    (bytes) => ({ text: `{"apiKey": "${bytes.toString("hex")}", "a": 1}`, secret: bytes.toString("hex") }),
    (bytes) => ({ text: `login --password ${bytes.toString("base64url")} failed`, secret: bytes.toString("base64url") }),
    (bytes) => ({ text: `the password is ${bytes.toString("hex").slice(0, 12)}, says it`, secret: bytes.toString("hex").slice(0, 12) }),
    (bytes) => ({ text: `DB_PASSWORD=${bytes.toString("hex").slice(0, 10)}`, secret: bytes.toString("hex").slice(0, 10) }),
    (bytes) => ({ text: `-----BEGIN PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END PRIVATE KEY-----`, secret: bytes.toString("base64") }),
    (bytes) => ({ text: `-----BEGIN EC PRIVATE KEY----- ${bytes.toString("base64")}`, secret: bytes.toString("base64") }),
    (bytes) => ({ text: `token holon_token_${bytes.toString("base64url")} refused`, secret: bytes.toString("base64url") }),
    (bytes) => ({ text: `key ${bytes.toString("hex")}`, secret: bytes.toString("hex") }),
    (bytes) => ({ text: `jwt eyJhbGciOiJIUzI1NiJ9.${bytes.toString("base64url")}.${bytes.toString("base64url")}`, secret: bytes.toString("base64url") }),
  ];
  fc.assert(
    fc.property(tokenBytes, fc.constantFrom(...looks), (bytes, look) => {
      const { text, secret } = look(bytes);
      assert.ok(text.includes(secret));
      assert.ok(!createRedactor([]).text(text).includes(secret), createRedactor([]).text(text));
    }),
    { numRuns: 2_000 },
  );
});

test("what is said of nodes, functions and codes stays readable", () => {
  const { text } = createRedactor([]);
  for (const said of ["uplink lost: the line broke", "link of gateway-1 closed: no sign of life for 45000 ms", "function pump-watch/judge: it has no model pca", "HOLON_TOKEN_BAD: see `holon token list`", "source mqtt: 127.0.0.1:1883 is taken", "wss://edge-1:7401 does not answer", "gateway-1/7k3f9qxa0bcde/local/9001"]) assert.equal(text(said), said);
});

/** `~` is the secret. */
const odd = ["Authorization: ApiKey ~", "authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=~", "Proxy-Authorization: Negotiate ~", "Cookie: theme=dark; sid=~; lang=de", "set-cookie: a=1; id=~; Path=/", "X-Auth-Key: ~", "x-auth: ~", "curl -u admin:~ http://h/", "curl --user admin:~ http://h/", "broker admin:~@10.0.0.1:1883 refused", "password: |\n  first\n  ~\n", "https://x.example/c?sv=1&sig=~&se=2", "https://x.example/?key=~", "session_id=~", '["--token","~"]', '["--api-key", "~"]', '{"name":"DB_PASSWORD","value":"~"}', "- name: DB_PASSWORD\n  value: ~", '{\\"headers\\":{\\"Cookie\\":\\"a=1; b=~\\"}}'];

test("a secret that nobody knows is found in headers, addresses, arguments and environments, however these are written", () => {
  const { text } = createRedactor([]);
  for (const shape of odd) for (const secret of ["hunter22", "9f8e7d6c", "kuchenblech"]) assert.ok(!text(shape.replace("~", secret)).includes(secret), `${shape}: ${text(shape.replace("~", secret))}`);
  assert.equal(text(`x AGE-SECRET-KEY-1${"QL3Z7HJY".repeat(7)} y`), "x [secret] y");
  for (const said of ["alpine:3.19@sha256:0123456789ab", "it came at 12:30:07, and went", "GET /v1/events?type=pump.&window=300", "- name: pump\n  value: 7"]) assert.equal(text(said), said);
});

test("values under the name of a secret go, whatever they are", () => {
  const { value } = createRedactor([]);
  assert.deepEqual(value({ user: "olga", password: "x", clientSecret: "y", nested: [{ access_token: "z", tokens: 3 }] }), { user: "olga", password: "[secret]", clientSecret: "[secret]", nested: [{ access_token: "[secret]", tokens: 3 }] });
  const deep = { env: [{ name: "DB_PASSWORD", value: "x" }, { name: "PORT", value: "7" }], headers: { Authorization: ["x"], "X-Auth-Key": "x" }, password: 12345678, token: ["x"], credentials: { a: "x" }, secrets: ["pump"] };
  assert.deepEqual(value(deep), { env: [{ name: "DB_PASSWORD", value: "[secret]" }, { name: "PORT", value: "7" }], headers: { Authorization: ["[secret]"], "X-Auth-Key": "[secret]" }, password: "[secret]", token: ["[secret]"], credentials: { a: "[secret]" }, secrets: ["pump"] }, "a list of many is one of names");
});

test("what a function threw is not repeated, what it means is", () => {
  const said = withoutForeignWords("function pump-watch/judge: cannot read pressure 17.3 of Anna Example", "HOLON_UNIT_THREW", true);
  assert.match(said, /^function pump-watch\/judge: A function threw/);
  assert.ok(!said.includes("17.3") && !said.includes("Anna"));
  assert.ok(!withoutForeignWords(`Unexpected token 'a', "anna 17.3" is not valid JSON`, "HOLON_INTERNAL").includes("anna"));
});

test("long text of any shape is looked through in time that grows with its length", () => {
  const redactor = createRedactor(Array.from({ length: 50 }, (_, index) => `secret-number-${index}-of-fifty`));
  const texts = ["0123456789abcdef", "-", "aB1", "\"", "://", "password", "-----BEGIN X-----", "a ", "eyJ", "cookie: ", "a:b", "a:b@", "?key=", " -u a", "name: token ", "token: |\n a", '--token","'];
  const timeOf = (shape: string, length: number): number => {
    const text = shape.repeat(Math.ceil(length / shape.length)).slice(0, length);
    const began = process.cpuUsage();
    redactor.text(text);
    return process.cpuUsage(began).user / 1_000;
  };
  for (const shape of texts) {
    const [short, long] = [8_000, 128_000].map((length) => Math.min(timeOf(shape, length), timeOf(shape, length), timeOf(shape, length)));
    assert.ok(short !== undefined && long !== undefined && long < 160 * Math.max(short, 1), `${shape}: ${short} ms, then ${long} ms`);
  }
});

/** As any reader undoes it. */
const read = (text: string): string => text.replaceAll(/%(?:25)*([0-9a-f]{2})/gi, "$1");

test("a secret of any characters is taken out in every way to escape it", () => {
  const secrets = printable.filter((secret) => secret.replaceAll("\\", "").trim().length >= 8);
  fc.assert(fc.property(secrets, around, around, fc.constantFrom(...escapes), (secret, before, after, escape) => assert.ok(!createRedactor([secret]).text(`${before} ${escape(secret)} ${after}`).includes(escape(secret)))), { numRuns: 2_000 });
});

test("a secret is taken out however JSON, an address or a form escapes it, and what stands beside it is left", () => {
  const secret = "erp-SECRET-zzyy/xx+ww== ü\u00e9 \u{1f511}\\n\t\"";
  for (const [index, escape] of escapes.entries()) {
    const said = createRedactor([secret]).text(`before ${escape(secret)} behind`);
    assert.match(said, /^before (?:secret=|"|"\{\\"deep\\":)?.{0,2}\[secret\].{0,6} behind$/, `${index}: ${said}`);
    assert.doesNotMatch(read(said), /SECRET|zzyy/, `${index}`);
  }
});

test("what is escaped and no secret stays as it was", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom("\\", "%", "25", "+", "u00e9", "\\u00e9", "%c3%a9", "é", " ", "\n", "x")).map((parts) => parts.join("")), (text) => assert.equal(createRedactor(["not-in-there"]).text(text), createRedactor([]).text(text))));
});

test("a secret of several lines is found whichever way its lines end", () => {
  const secret = "-----BEGIN KEY-----\nline two of it\n-----END KEY-----";
  const crlf = secret.replaceAll("\n", "\r\n");
  for (const known of [secret, crlf]) {
    const { text } = createRedactor([known]);
    for (const told of [secret, crlf, JSON.stringify(crlf), b64(crlf), encodeURIComponent(crlf)]) assert.ok(!canBeRead(text(`before ${told} after`), "line two of it"), told);
  }
});
