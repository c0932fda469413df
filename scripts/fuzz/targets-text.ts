/** What people, publishers and certificates say: manifests, policies, schedules, tokens, metadata, models, modules. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { checkElementTypes } from "@holon/core/model/inputs.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { packedSchema, packTensor, unpackTensor } from "@holon/core/model/packed.ts";
import { decodeSafetensors, encodeSafetensors } from "@holon/core/model/safetensors.ts";
import { compilePolicy } from "@holon/core/policy/compile.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { cronProblem, cronTimetable } from "@holon/core/run/cron.ts";
import { boundWasmMemory } from "@holon/core/run/wasm-memory.ts";
import { appManifestSchema } from "@holon/core/schema/app.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { enrolmentSchema, renewalSchema, signedRevocationsSchema } from "@holon/core/identity/messages.ts";
import { readYaml } from "@holon/cli/app/load.ts";
import { graphOf } from "@holon/node/testing/sign-graph.ts";
import { nameOf, provenBy, readCertificate, tierOf } from "@holon/platform/identity/certificate.ts";
import { requireChipProof } from "@holon/platform/identity/chip.ts";
import { readList } from "@holon/platform/identity/revocations.ts";
import { isSignedByInvitation, makeToken, readToken, signEnrolment } from "@holon/platform/identity/token.ts";
import { checkRequest, issueLeaf, makeIntermediate, makeRequest, makeRoot } from "@holon/platform/identity/x509.ts";
import { metadataSchema } from "@holon/platform/provider.ts";
import { proveIdToken } from "@holon/platform/provider/token.ts";
import { signedIdToken } from "@holon/platform/testing/id-token.ts";
import { seal, unseal } from "@holon/platform/seal.ts";
import { checkStatement, keyRequestSchema, keyShareSchema, siteStatementSchema } from "@holon/platform/site-key.ts";
import { TufBench } from "@holon/platform/testing/tuf-bench.ts";
import { wasmBodies, wasmUnit } from "@holon/platform/testing/wasm-unit.ts";
import { readAttest } from "@holon/platform/tpm/attest.ts";
import { createTrustTuf } from "@holon/platform/trust/tuf.ts";
import { joined } from "./mutate.ts";
import { bytesOf, textOf, type Target } from "./target.ts";

const manifest = `name: app
version: "1"
sources:
  - { kind: mqtt, name: mqtt, type: a.b, port: 1883, topics: ["a/+"] }
functions:
  - &f { name: f, module: ./f.ts }
models: []
egress:
  - { class: derived, to: "*" }
`;
const node = "name: edge-1\nsite: plant\ntier: edge\njurisdiction: EU/DE\nlisten: 127.0.0.1:7401\nparent: wss://cloud-1:7401\nretention: { data: { days: 3 } }\n";
const policy = `policy plant 1

# all of it
permit totals
  who     node * function pump-watch/*
  does    leave share
  class   aggregate
  from    EU
  to      US outside EU/DE
  through aggregate count 20, noise epsilon 1
  when    role operator
  because "section 4"

expect deny default
  who   node edge-1
  does  leave
  class derived
  from  EU/DE/NW
  to    US
`;
const validity = { issuedMs: 1_767_225_600_000, expiresMs: 1_798_761_600_000 };

/** The authority of one fleet, and what it certified. */
async function fleet(): Promise<{ readonly root: string; readonly leaf: string; readonly intermediate: string; readonly csr: string }> {
  const root = await makeRoot("holon-1", validity);
  const intermediate = await makeIntermediate(root, "holon-1", 1, validity);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const csr = await makeRequest(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), publicKey.export({ type: "spki", format: "pem" }).toString());
  const leaf = await issueLeaf(csr, intermediate, "holon-1", { node: "gateway-1", site: "plant", tier: "gateway", number: 1, validity });
  return { root: root.certificatePem, intermediate: intermediate.certificatePem, leaf, csr };
}
let certified: ReturnType<typeof fleet> | undefined;
const certifiedFleet = () => (certified ??= fleet());

const pemOf = (label: string, der: Uint8Array): string => `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;
const derOf = (pem: string): Uint8Array => new Uint8Array(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64"));

const token = makeToken({ node: "gateway-1", site: "plant", tier: "gateway", address: "wss://127.0.0.1:7401", authority: "0".repeat(64) });

async function signedBench(): Promise<{ readonly files: ReadonlyMap<string, Uint8Array>; readonly root: Uint8Array; readonly names: readonly string[] }> {
  const bench = await TufBench.open();
  await bench.publish({ a: { hash: "a".repeat(64), lengthBytes: 5 } });
  const files = bench.files();
  return { files, root: files.get("1.root.json") ?? new Uint8Array(), names: [...files.keys()].filter((name) => name !== "1.root.json") };
}
let bench: ReturnType<typeof signedBench> | undefined;
const oneBench = () => (bench ??= signedBench());
const trust = createTrustTuf("none");

const siteKeyPair = { site: "plant", key: generateKeyPairSync("x25519").privateKey };
const sealedFile = (): Uint8Array => seal(bytesOf("plain"), "pump/function/judge", [{ site: "plant", key: createPublicKey(siteKeyPair.key) }], new Uint8Array(32));

const tokenSeconds = validity.issuedMs / 1_000;
let tokenOfProvider: ReturnType<typeof signedIdToken> | undefined;
const signedToken = () => (tokenOfProvider ??= signedIdToken({ iss: "https://a.test", sub: "ada", aud: "holon", iat: tokenSeconds, exp: tokenSeconds + 300, nonce: "n" }));

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

export const textTargets: readonly Target[] = [
  { name: "manifests", words: ["functions:", "models:", "reductions:", "- ", "*f", "<<: *f", "!!binary", "? ", "|", "__proto__:", "egress:", "schedule:", "shared:"], samples: () => [bytesOf(manifest)], run: (input) => appManifestSchema.safeParse(readYaml(textOf(input), "holon.app.yaml")) },
  { name: "node-configurations", words: ["siblings:", "uplink:", "authority:", "retention:", "downlink:"], samples: () => [bytesOf(node)], run: (input) => nodeConfigSchema.safeParse(readYaml(textOf(input), "holon.node.yaml")) },
  { name: "policies", words: ["permit ", "forbid ", "expect allow ", "  through k-anonymise k 3", "outside ", "*", "epsilon ", "  who any\n"], samples: () => [bytesOf(policy)], run: (input) => compilePolicy(parsePolicy(textOf(input))).decide({ kind: "node", name: "edge-1" }, "leave", { name: "data", class: "aggregate", jurisdiction: "EU/DE" }, { destination: "US" }) },
  {
    name: "cron",
    words: ["*", "*/", "-", ",", "jan", "sun", "29 2", "0-59/7", "L", "31 2"],
    samples: () => ["0 3 * * *", "*/15 8-18/2 1,15 jan-jun mon", "30 2 29 2 *", "59 23 31 12 7"].map(bytesOf),
    run(input) {
      const text = textOf(input);
      if (cronProblem(text, "Europe/Berlin") !== undefined) return;
      const table = cronTimetable(text, "Europe/Berlin");
      table.next(1_767_225_600_000);
      table.latest(1_767_225_600_000);
      table.count(1_767_225_600_000, 1_767_225_600_000 + 90 * 86_400_000);
    },
  },
  { name: "tokens", words: ["holon-"], samples: () => [bytesOf(token.token)], run: (input) => readToken(textOf(input)) },
  {
    name: "identity-requests",
    words: ["csr", "proof", "chain", "chip", "-----BEGIN "],
    samples: async () => {
      const { csr, leaf, intermediate } = await certifiedFleet();
      const secret = "A".repeat(43);
      const chip = { keyPem: createPublicKey((await certifiedFleet()).leaf).export({ type: "spki", format: "pem" }), nonce: "0".repeat(16), proof: "AAAA", vouched: "AAAA" };
      return [{ invitation: "0".repeat(16), csr, proof: signEnrolment(csr, secret) }, { csr, chain: [leaf], proof: "AAAA", chip }, { csr, chain: [leaf, intermediate], proof: "AAAA" }, { list: '{"version":1,"revoked":[]}', proof: "AAAA", chain: [intermediate] }].map((value) => bytesOf(JSON.stringify(value)));
    },
    async run(input) {
      const value = jsonOf(input);
      const root = readCertificate((await certifiedFleet()).root);
      const enrolment = enrolmentSchema.safeParse(value);
      if (enrolment.success) isSignedByInvitation(enrolment.data, token.key);
      const renewal = renewalSchema.safeParse(value);
      const proven = renewal.success ? provenBy(renewal.data.chain.map(readCertificate), root) : undefined;
      if (proven !== undefined && renewal.data?.chip !== undefined) requireChipProof(renewal.data.chip, renewal.data.csr, proven.certificate.publicKey);
      const list = signedRevocationsSchema.safeParse(value);
      if (list.success) readList(list.data, root);
    },
  },
  {
    name: "certificates",
    samples: async () => [derOf((await certifiedFleet()).leaf), derOf((await certifiedFleet()).intermediate)],
    async run(input) {
      const { root, intermediate } = await certifiedFleet();
      const certificate = readCertificate(pemOf("CERTIFICATE", input));
      nameOf(certificate);
      tierOf(certificate);
      provenBy([certificate, readCertificate(intermediate)], readCertificate(root));
    },
  },
  { name: "certificate-requests", samples: async () => [derOf((await certifiedFleet()).csr)], run: (input) => checkRequest(pemOf("CERTIFICATE REQUEST", input)) },
  {
    name: "tpm-quotes",
    samples: () => [Buffer.from(`ff54434780180004${"aa".repeat(4)}0002beef${"00".repeat(25)}00000001000b030000800020${"cc".repeat(32)}`, "hex")],
    run(input) {
      const attest = readAttest(Buffer.from(input));
      return attest === undefined ? "none" : `${attest.nonce.length} ${attest.pcrDigest.length} ${attest.selects(23)}`;
    },
  },
  {
    name: "tuf-metadata",
    words: ['"signed"', '"signatures"', '"version":', '"keys":', '"roles":', '"delegations":{}', '"expires":', '"__proto__":{}', '"_type":"root"'],
    samples: async () => {
      const { files, names } = await oneBench();
      return names.map((name, index) => joined(Uint8Array.of(index), files.get(name) ?? new Uint8Array()));
    },
    async run(input) {
      const { files, names, root } = await oneBench();
      const name = names[(input[0] ?? 0) % names.length] ?? "";
      const { problem, targets } = await trust.verify({ trusted: new Map([["root.json", root]]), targets: ["a"], atMs: undefined, fetch: (file) => Promise.resolve(file === name ? input.subarray(1) : files.get(file)) });
      if (problem !== undefined) throw problem;
      if (targets.get("a")?.lengthBytes !== 5) throw new Error("it says what nobody signed");
    },
  },
  {
    name: "id-tokens",
    words: ['"alg":"none"', '"alg":"HS256"', '"kid":', '"crit":["b64"]', '"b64":false', '"aud":["holon","x"]', '"exp":1e308', '"keys":[]', "eyJ", "."],
    samples: async () => {
      const { token: idToken, keys } = await signedToken();
      return [idToken, JSON.stringify(keys), JSON.stringify({ issuer: "https://a.test", authorization_endpoint: "https://a.test/a", token_endpoint: "https://a.test/t", jwks_uri: "https://a.test/k" })].map(bytesOf);
    },
    async run(input) {
      const { token: idToken, keys } = await signedToken();
      const text = textOf(input);
      metadataSchema.safeParse(jsonOf(input));
      const expected = { name: "works", issuer: "https://a.test", client: "holon", atMs: validity.issuedMs };
      const proved = await proveIdToken(text, keys, expected).catch(() => undefined);
      if (proved !== undefined && JSON.stringify(proved) !== JSON.stringify(await proveIdToken(idToken, keys, expected))) throw new Error("it proves what nobody signed");
      await proveIdToken(idToken, jsonOf(input), expected);
    },
  },
  {
    name: "sealed-files",
    words: ["HOLONSEAL1\n", '"recipients":[]', '"enc":"', '"wrapped":"', '"of":"', '"site":"plant"', "\0\0\0\0"],
    samples: () => [sealedFile()],
    run(input) {
      const opened = unseal(input, "pump/function/judge", siteKeyPair);
      if (textOf(opened) !== "plain") throw new Error("it opens what nobody sealed");
    },
  },
  {
    name: "site-keys",
    words: ['"kind":"SiteKey"', '"kind":"SiteKeyRequest"', '"chain":[', '"proof":"', '"key":"'],
    samples: async () => {
      const { root, leaf, intermediate } = await certifiedFleet();
      const vouched = { site: "plant", node: "gateway-1", key: "A".repeat(43), root, chain: [leaf, intermediate], proof: "AAAA" };
      return [{ kind: "SiteKey", ...vouched }, { kind: "SiteKeyRequest", ...vouched }, { kind: "SiteKeyShare", site: "plant", node: "gateway-1", key: "A".repeat(43), enc: "A".repeat(43), sealed: "AAAA" }].map((value) => bytesOf(JSON.stringify(value)));
    },
    run(input) {
      const value = jsonOf(input);
      keyRequestSchema.safeParse(value);
      keyShareSchema.safeParse(value);
      const statement = siteStatementSchema.safeParse(value);
      if (!statement.success) return;
      checkStatement(statement.data);
      throw new Error("it is vouched for by nobody");
    },
  },
  { name: "onnx", samples: () => [graphOf(1)], run: (input) => checkElementTypes(readOnnx(input, "m"), "m") },
  { name: "safetensors", words: ['"dtype":"F32"', '"shape":[', '"data_offsets":[0,', "__metadata__", "1e308"], samples: () => [encodeSafetensors({ tensors: { w: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) }, b: { shape: [0], values: new Float32Array(0) } }, metadata: { by: "f" } })], run: (input) => decodeSafetensors(input, "p") },
  { name: "wasm-modules", samples: () => [wasmUnit(wasmBodies.echo), wasmUnit(wasmBodies.echo, { pages: 3 })], run: (input) => boundWasmMemory("f", input, 256) },
  {
    name: "packed-tensors",
    words: ['"floats"', '"255ths"', "67108864", "="],
    samples: () => [packTensor({ shape: [2, 2], values: Float32Array.of(0, 1, 2, 3) }), packTensor({ shape: [2], values: Float32Array.of(0.1, -1) })].map((value) => bytesOf(JSON.stringify(value))),
    run(input) {
      const parsed = packedSchema.safeParse(jsonOf(input));
      if (parsed.success) unpackTensor(parsed.data);
    },
  },
];
