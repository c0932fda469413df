/** The control plane over the log of the node it lives on: deploys apps, plans, and issues one desired document per node. */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { identityMethods } from "@holon/core/identity/messages.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Append, Log, NewRecord } from "@holon/core/log/log.ts";
import { planPlacement } from "@holon/core/placement/plan.ts";
import { printPrincipal } from "@holon/core/policy/principal.ts";
import type { Authority, Clock, Credentials, Crypto, Director, Identity, Trace } from "@holon/core/ports.ts";
import { exportableStreams } from "@holon/core/schema/event.ts";
import type { AppDocument } from "@holon/core/schema/app.ts";
import { cascadeProblem } from "@holon/core/schema/model-use.ts";
import type { ModelDocument } from "@holon/core/schema/model.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { createClaims } from "./store/claims.ts";
import { openRegistrar, type Registrar } from "./identity/registrar.ts";
import { openPeople, type People } from "./people/people.ts";
import { directFor } from "./publish.ts";
import { createFold, eventTypes, type ControlState, type KnownApp, type KnownNode } from "./store/fold.ts";
import { checkPolicy, type KnownPolicy } from "./store/policy.ts";
import { checkModel, versionOf, type KnownModel } from "./store/models.ts";

/** What control needs of the node it lives on. */
export interface ControlHost {
  readonly log: Log;
  readonly blobs: { has(hash: BlobHash): Promise<boolean>; put(content: Uint8Array): Promise<BlobHash>; read(hash: BlobHash): Promise<Uint8Array> };
  readonly events: { record(input: { stream: "audit"; type: string; class: "public"; producer: string; subject?: string; data: unknown }): NewRecord };
  readonly ports: { readonly clock: Clock; readonly crypto: Crypto; readonly director?: Director; readonly trace: Trace; readonly identity?: Identity | undefined; readonly authority?: Authority | undefined; readonly credentials?: Credentials | undefined };
  /** Where new nodes reach the fleet. */
  readonly address?: string | undefined;
  /** How long certificates hold; without it `limits.certificateMs`. */
  readonly certificateMs?: number | undefined;
  /** Methods of `call` that its node answers. */
  readonly handlers?: { set(method: string, handler: (parameters: unknown) => Promise<unknown>): unknown };
  /** A newer list of the revoked is in force at its node. */
  revoked?(): void;
}

export interface NodeRow extends KnownNode {
  /** Whether it led its site by the last news of that site. */
  readonly leads: boolean;
  /** Version of the document issued for it; 0 if none. */
  readonly desiredVersion: number;
  /** Milliseconds since a record of it last arrived here; unknown since this control started if none did. */
  readonly heardMs: number | undefined;
}

/** What changes something is told of who did it; without a caller it was a program of this machine. */
export interface Control {
  readonly log: Log;
  readonly blobs: ControlHost["blobs"];
  nodes(): readonly NodeRow[];
  apps(): readonly KnownApp[];
  /** Resolves when the app and the documents that follow from it are on disk. `HOLON_BLOB_MISSING`, `HOLON_POLICY_DENIED`, `HOLON_APP_BAD`. */
  deploy(document: AppDocument, by?: Caller): Promise<void>;
  /** Serves what a publisher signed from now on, and deploys an app with it, both or none. `HOLON_BLOB_MISSING`, and what `deploy` refuses. */
  publish(files: SignatureFiles, document?: AppDocument, by?: Caller): Promise<void>;
  /** Metadata of the publisher that are served now. */
  images(): SignatureFiles | undefined;
  /** `HOLON_APP_MISSING` if there is none of that name. */
  remove(app: string, by?: Caller): Promise<void>;
  /** Every version of every model, in the order of registration. */
  models(): readonly KnownModel[];
  /** Registers a version; the same again is the same version. `HOLON_BLOB_MISSING`, `HOLON_MODEL_…`. */
  registerModel(document: ModelDocument, by?: Caller): Promise<KnownModel>;
  /** The policy that the fleet is told to decide by. */
  policy(): KnownPolicy | undefined;
  /** Resolves when it and the documents that bring it are on disk. `HOLON_POLICY_BAD`, `HOLON_POLICY_UNMET`, `HOLON_POLICY_DENIED`. */
  adoptPolicy(text: string, by?: Caller): Promise<KnownPolicy>;
  /** Who belongs to the fleet; only where there is an authority. */
  readonly registrar: Registrar | undefined;
  /** Who may do what here; only where there are credentials. */
  readonly people: People | undefined;
  close(): Promise<void>;
}

const encoder = new TextEncoder();

export async function openControl(host: ControlHost): Promise<Control> {
  const { log, ports } = host;
  const claims = createClaims(host);
  const fold = createFold(log, claims.ignored);
  const heard = new Map<string, number>();
  const sizes = new Map<BlobHash, number>();
  let busy: Promise<void> = Promise.resolve();
  let closed = false;
  await fold.catchUp();
  await claims.tell();

  /** Everything that reads or changes the state goes through here, one after the other. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = busy.then(work);
    busy = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async function replan(): Promise<void> {
    const entry = await planChanges(fold.state, log, { ...host, sizes });
    if (entry.records.length > 0) await log.append(entry);
  }

  async function follow(): Promise<void> {
    if (closed) return;
    if (await fold.catchUp()) await replan();
    await claims.tell();
  }

  const unsubscribe = log.onCommit(({ lanes }) => {
    for (const lane of lanes) heard.set(lane.origin, ports.clock.monotonicMs());
    if (!lanes.some((lane) => lane.stream === "audit")) return;
    inTurn(follow).catch((error: unknown) => {
      const coded = toHolonError(error);
      ports.trace.note("error", `control: ${coded.message}`, { code: coded.code });
    });
  });
  await inTurn(replan);

  const record = (type: string, subject: string, data: unknown): NewRecord => host.events.record({ stream: "audit", type, class: "public", producer: "control", subject, data });

  const registrar = await registrarOf(host, record);
  const { credentials } = ports;
  const people = credentials && openPeople({ log, clock: ports.clock, crypto: ports.crypto, credentials, state: fold.state.people, record, follow: () => inTurn(follow) });

  return {
    registrar,
    people,
    log,
    blobs: host.blobs,
    nodes: () => [...fold.state.nodes.values()].map((node) => nodeRow(node, fold.state, log, ports.clock, heard)),
    apps: () => [...fold.state.apps.values()],
    async deploy(document, by) {
      await checkDocument(document, host);
      await log.append({ records: [record(eventTypes.deployed, document.name, { ...document, by: nameOf(by) })] });
      await inTurn(follow);
    },
    async publish(files, document, by) {
      if (document !== undefined) await checkDocument(document, host);
      for (const [file, hash] of Object.entries(files)) {
        if (!(await host.blobs.has(hash))) throw new HolonError("HOLON_BLOB_MISSING", `metadata ${file} are to be blob ${hash}, which is not here`, { next: "Upload it with PUT /v1/blobs/{hash} first." });
      }
      const app = document === undefined ? [] : [record(eventTypes.deployed, document.name, { ...document, by: nameOf(by) })];
      await log.append({ records: [record(eventTypes.published, "images", { files, by: nameOf(by) }), ...app] });
      await inTurn(follow);
    },
    images: () => fold.state.images,
    async remove(app, by) {
      if (!fold.state.apps.has(app)) throw new HolonError("HOLON_APP_MISSING", `no app ${app} is deployed`, { next: "See `holon app list`." });
      await log.append({ records: [record(eventTypes.removed, app, { app, by: nameOf(by) })] });
      await inTurn(follow);
    },
    models: () => [...fold.state.models.values()],
    async registerModel(document, by) {
      const version = versionOf(document, ports.crypto);
      const known = fold.state.models.get(version);
      if (known !== undefined) return known;
      await checkModel(document, { known: fold.state.models, blobs: host.blobs });
      await log.append({ records: [record(eventTypes.registered, document.name, { version, document, by: nameOf(by) })] });
      await inTurn(follow);
      const registered = fold.state.models.get(version);
      if (registered === undefined) throw new HolonError("HOLON_INTERNAL", `model ${document.name}: version ${version} was written and is not read`);
      return registered;
    },
    policy: () => fold.state.policy,
    // In turn, so that of two that come at once the second is held against the first.
    adoptPolicy: (text, by) =>
      inTurn(async () => {
        const { name, version } = checkPolicy(text, fold.state.policy, [...fold.state.people.users.values()]);
        const hash = toHex(ports.crypto.sha256(encoder.encode(text)));
        await log.append({ records: [record(eventTypes.adopted, name, { name, version, text, hash, by: nameOf(by) })] });
        await follow();
        if (fold.state.policy?.hash !== hash) throw new HolonError("HOLON_INTERNAL", `policy ${name} ${version} was written and is not read`);
        return fold.state.policy;
      }),
    async close() {
      closed = true;
      unsubscribe();
      await busy;
    },
  };
}

const nameOf = ({ principal }: Caller = machineCaller): string => printPrincipal(principal);

async function registrarOf(host: ControlHost, record: (type: string, subject: string, data: unknown) => NewRecord): Promise<Registrar | undefined> {
  const { log, address, handlers, ports, certificateMs = limits.certificateMs } = host;
  const { authority, identity, clock } = ports;
  if (authority === undefined || identity === undefined) return undefined;
  const registrar = await openRegistrar({ log, clock, authority, identity, certificateMs, address, record, spread: () => host.revoked?.() });
  handlers?.set(identityMethods.enroll, registrar.enroll);
  handlers?.set(identityMethods.renew, registrar.renew);
  return registrar;
}

function nodeRow(node: KnownNode, state: ControlState, log: Log, clock: Clock, heard: ReadonlyMap<string, number>): NodeRow {
  const at = node.name === log.origin ? clock.monotonicMs() : heard.get(node.name);
  return { ...node, leads: state.leads.get(node.site)?.lead === node.name, desiredVersion: heldDesired(log, node.name)?.version ?? 0, heardMs: at === undefined ? undefined : clock.monotonicMs() - at };
}

function heldDesired(log: Log, node: string): Desired | undefined {
  const bytes = log.cell(`desired/${node}`);
  return bytes && desiredSchema.parse(parseJson(bytes));
}

/** New documents for the nodes whose part of the plan changed. What did not change keeps its version. */
async function planChanges(state: ControlState, log: Log, host: ControlHost & { readonly sizes: Map<BlobHash, number> }): Promise<Append & { readonly records: NewRecord[] }> {
  const assignments = planPlacement([...state.apps.values()].map((app) => app.document), [...state.nodes.values()]);
  const plan = toHex(host.ports.crypto.sha256(encoder.encode(canonicalJson(assignments))));
  const records: NewRecord[] = [];
  const cells: { key: string; value: Uint8Array }[] = [];
  for (const { node, apps } of assignments) {
    const held = heldDesired(log, node);
    const { images } = state;
    const isSigned = images === undefined || host.ports.director === undefined || canonicalJson(held?.signatures?.images) === canonicalJson(images);
    if (canonicalJson(held?.apps ?? []) === canonicalJson(apps) && held?.policy?.hash === state.policy?.hash && isSigned) continue;
    const policy = state.policy === undefined ? {} : { policy: { text: state.policy.text, hash: state.policy.hash } };
    const version = (held?.version ?? 0) + 1;
    const signatures = images === undefined ? undefined : await directFor({ node, version, apps, deployed: state.apps, images }, host);
    const document: Desired = { apiVersion: "holon/v1", kind: "Desired", node, version, plan, apps: [...apps], ...policy, ...(signatures === undefined ? {} : { signatures }) };
    cells.push({ key: `desired/${node}`, value: encoder.encode(canonicalJson(document)) });
    records.push(host.events.record({ stream: "audit", type: eventTypes.issued, class: "public", producer: "control", subject: node, data: { node, version: document.version, plan } }));
  }
  return { records, cells };
}

/** What a manifest may not ask for, and blobs that are not here. */
async function checkDocument(document: AppDocument, host: ControlHost): Promise<void> {
  for (const fn of document.functions) {
    for (const [type, target] of Object.entries(fn.emits)) {
      const leaves = (exportableStreams as readonly string[]).includes(target.stream);
      if (leaves && (target.class === "raw" || target.class === "personal")) {
        throw new HolonError("HOLON_POLICY_DENIED", `function ${fn.name} emits ${type} of class ${target.class} into ${target.stream}: ${target.class} never leaves`, {
          next: "Emit it into `local`, or as derived or aggregate.",
        });
      }
    }
    for (const model of fn.models) {
      if (!document.models.some((candidate) => candidate.name === model)) throw new HolonError("HOLON_APP_BAD", `function ${fn.name} uses model ${model}, which ${document.name} does not list`);
    }
  }
  const problem = cascadeProblem(document.models);
  if (problem !== undefined) throw new HolonError("HOLON_APP_BAD", `app ${document.name}: ${problem}`);
  for (const hash of [...document.functions.map((fn) => fn.code), ...document.models.map((model) => model.graph)]) {
    if (!(await host.blobs.has(hash))) throw new HolonError("HOLON_BLOB_MISSING", `app ${document.name} names blob ${hash}, which is not here`, { next: "Upload it with PUT /v1/blobs/{hash} first." });
  }
}
