/** One real node: platform adapters behind the ports, the local API in front. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signsMethod } from "@holon/core/diagnosis/signs.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Difference } from "@holon/core/measure/measured.ts";
import type { Authority, Cipher, Clock, Ports } from "@holon/core/ports.ts";
import { withAccount, type Account } from "@holon/core/api/account.ts";
import { guardRoutes } from "@holon/core/api/guarded.ts";
import type { Route } from "@holon/core/api/route.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { nodeConfigSchema, type NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import type { Control } from "@holon/control/index.ts";
import type { FleetHost, ToldFleet } from "@holon/control/fleet/link-watch.ts";
import { nodeRoutes, openNode, type HolonNode } from "@holon/node/index.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCollector } from "@holon/platform/collector.ts";
import { compileBehind } from "@holon/platform/compile-behind.ts";
import { createCredentials } from "@holon/platform/credentials.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDiagnostics } from "@holon/platform/diagnostics.ts";
import { createDiscovery } from "@holon/platform/discovery.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createDoor } from "@holon/platform/door.ts";
import { createFeeds } from "@holon/platform/feeds.ts";
import { createHostStats } from "@holon/platform/host-stats.ts";
import { serveRoutes, type RouteServer } from "@holon/platform/http.ts";
import { removeJoinTokens } from "@holon/platform/secret-file.ts";
import { tierOf } from "@holon/platform/identity/certificate.ts";
import { NodeIdentity, type Tpm } from "@holon/platform/identity.ts";
import { lockFolder } from "@holon/platform/lock.ts";
import { machineLife } from "@holon/platform/life.ts";
import { createLines } from "@holon/platform/lines.ts";
import { openLogCipher } from "@holon/platform/log-keys.ts";
import { createAttestor } from "@holon/platform/attestor.ts";
import { hasMachineTpm } from "@holon/platform/tpm/tools.ts";
import { createMeasurer } from "@holon/platform/measurer.ts";
import { cacheFolder } from "@holon/platform/measurer/compiled.ts";
import { startedWith, type StartedWith } from "@holon/platform/measurer/start.ts";
import { createModel } from "@holon/platform/model.ts";
import { createNet } from "@holon/platform/net.ts";
import { createManualPages } from "@holon/platform/manual/manual-pages.ts";
import { createNotifier } from "@holon/platform/notifier.ts";
import { anyOf, createPages } from "@holon/platform/pages.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createRunner } from "@holon/platform/runner.ts";
import { sealSecrets } from "@holon/platform/seal/secrets.ts";
import { createSecrets } from "@holon/platform/secrets.ts";
import { createSeals } from "@holon/platform/site-key.ts";
import { createTrace, type TraceOutput } from "@holon/platform/trace.ts";
import { createDirector } from "@holon/platform/trust/director.ts";
import { createTrustTuf } from "@holon/platform/trust/tuf.ts";
import { makeVault } from "@holon/platform/vault.ts";
import { sweepUnfinished } from "@holon/platform/whole-file.ts";
import { forgetApi, keepApi } from "./own-api.ts";
import { restoreOwnProgram } from "./own-program.ts";
import { createWhatIfAside } from "./what-if-aside.ts";

export interface NodeOptions {
  readonly config: NodeConfig;
  /** Folder of all nodes of this machine; the node's own is below it, under its name. */
  readonly data: string;
  /** Address of the node's local API; of the control API where the node carries it. */
  readonly api: string;
  readonly token: string;
  /** Whether the file of its configuration says otherwise by now. */
  isConfigChanged?(): Promise<boolean>;
  /** The file that the configuration was read from, if it was. */
  readonly configFile?: string;
  /** `HOLON_CONFIG_BAD`. */
  checkConfig?(text: string): Promise<void>;
  /** What the node is found to be made of at its first start is adopted. */
  readonly trustsFirst?: boolean;
  /** What of the program's compiled form was found altered, and taken away, before it was loaded. */
  readonly compiled?: readonly Difference[];
  /** What loads beside the program, for a node in the process of a test, whose words are the runner's; otherwise how this process was started. */
  readonly start?: StartedWith;
  readonly trace: { readonly level: "debug" | "info" | "warn" | "error"; readonly output: TraceOutput };
  /** Who says which links are open, where the nodes of a fleet are no processes: for tests and benches. */
  readonly links?: Pick<FleetHost, "links" | "call"> | undefined;
}

export interface MachineNode {
  readonly node: HolonNode;
  readonly control: Control | undefined;
  /** `http://127.0.0.1:7402` */
  readonly api: string;
  close(): Promise<void>;
}

export async function startNode(options: NodeOptions): Promise<MachineNode> {
  const config = nodeConfigSchema.parse({ ...options.config, telemetry: options.config.telemetry ?? {} });
  if (!isNodeName(config.name)) throw new HolonError("HOLON_CONFIG_BAD", `${config.name} is no node name`);
  const folder = join(options.data, config.name);
  compileBehind();
  const lock = lockFolder(folder);
  const closing: (() => Promise<void>)[] = [async () => lock.release()];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const clock = createClock(config.clockSyncedFile === undefined ? {} : { syncedFiles: [config.clockSyncedFile] });
    await sweepUnfinished(folder);
    const cipher = await openSeals(folder, config);
    const { identity, authority } = await openIdentity(folder, config, clock);
    const model = createModel({ inPlace: true });
    closing.push(() => model.close());
    const runner = createRunner({ images: join(folder, "unpacked") });
    closing.push(() => runner.close());
    const secrets = createSecrets(folder);
    const ports: Ports = {
      clock,
      random: createRandom(),
      disk: createDisk(folder),
      net: createNet({ name: config.name, identity }),
      identity,
      authority,
      discovery: createDiscovery(config.siblings),
      crypto: createCrypto(),
      codec: createCodec(),
      cipher,
      model,
      runner,
      door: createDoor({ clock, hostStats: createHostStats(clock) }),
      secrets,
      ...(config.inventory?.energy === undefined ? {} : { feeds: createFeeds(secrets) }),
      ...(config.telemetry?.export === undefined ? {} : { collector: createCollector(secrets, config.telemetry.export.secretHeaders) }),
      ...(config.alerts === undefined ? {} : { notifier: createNotifier(secrets) }),
      seals: createSeals(folder),
      host: createHostStats(clock, folder), // apart from the door's, so that rates of one do not end at the samples of the other
      trust: createTrustTuf(folder),
      ...attestorOf(folder, config),
      measurer: createMeasurer({ folder, config: options.configFile, start: options.start ?? startedWith(), ...(options.compiled === undefined ? {} : { compiled: options.compiled }), trustsFirst: options.trustsFirst === true, restoreProgram: (gone) => restoreOwnProgram(cacheFolder(folder), gone), ...(options.checkConfig === undefined ? {} : { checkConfig: options.checkConfig }) }),
      ...(config.control ? { director: createDirector(folder), credentials: createCredentials() } : {}),
      ...(config.control && config.provider !== undefined ? { provider: (await import("@holon/platform/provider.ts")).createProvider(config.provider, secrets) } : {}),
      lines: createLines(folder),
      diagnostics: createDiagnostics(folder),
      trace: createTrace({ name: config.name, ...options.trace }),
      life: machineLife(),
    };
    const node = await openNode(config, ports, options.isConfigChanged === undefined ? {} : { isConfigChanged: options.isConfigChanged });
    closing.push(() => node.close());
    const plane = config.control ? await import("@holon/control/index.ts") : undefined; // a gateway does not carry what it never runs
    const aside = plane === undefined ? undefined : createWhatIfAside();
    if (aside !== undefined) closing.push(() => aside.close());
    const control = plane === undefined ? undefined : await plane.openControl({
      log: node.log, blobs: node.blobs, events: node.events, ports: { ...ports, trace: node.trace }, handlers: node.handlers, address: node.address, placement: config.placement, certificateMs: config.authority?.certificateMs, provider: config.provider, revoked: node.revoked, states: node.states, speaksFor: node.speaksFor, clockOff: (name) => node.telemetry?.clockWrongBy(name), timeHere: (name, atMs, epoch) => node.telemetry?.view.here(name, atMs, epoch) ?? atMs, ask: node.askNode, whatIf: aside?.run,
    });
    if (control !== undefined) closing.push(() => control.close());
    const server = await serve(node, control === undefined || plane === undefined ? undefined : { routes: plane.controlRoutes(control, { clock, links: node.links, call: callNode(node), told: () => toldOf(node), standing: async (name) => node.telemetry?.standing(name), ...options.links }), people: control.people }, options);
    closing.push(() => server.close());
    closing.push(() => forgetApi(folder));
    await keepApi(folder, server.address).catch((error: unknown) => node.trace.note("warn", `commands will not find the API of ${config.name} by its name: ${toHolonError(error).message}`)); // a full disk keeps no node from starting
    await node.announce(server.address);
    return { node, control, api: server.address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function attestorOf(folder: string, config: NodeConfig): Pick<Ports, "attestor"> {
  const tpm = tpmOf(config);
  return tpm === undefined ? {} : { attestor: createAttestor(folder, tpm.tcti) };
}

/** The TPM that seals the node's secrets, else the machine's own, if there is one. */
function tpmOf({ sealing }: NodeConfig): Tpm | undefined {
  if (sealing?.by === "tpm") return { tcti: sealing.tcti };
  return hasMachineTpm() ? { tcti: undefined } : undefined;
}

/** Before anything secret is read or written: with what it is sealed; and the keys of the log, if that is encrypted or was. */
async function openSeals(folder: string, { sealing, log }: NodeConfig): Promise<Cipher | undefined> {
  const isEncrypted = log?.encryption === "on";
  if (sealing !== undefined || isEncrypted) {
    makeVault(folder, sealing ?? { by: "file" });
    await sealSecrets(folder);
  }
  return openLogCipher(folder, isEncrypted);
}

/** A node with control makes the authority, and its own certificate, when it first starts. `HOLON_IDENTITY_FALSE` where it is configured as another than it was enrolled as. */
async function openIdentity(folder: string, config: NodeConfig, clock: Clock): Promise<{ readonly identity: NodeIdentity; readonly authority: Authority | undefined }> {
  const { name, site, tier, control, authority: settings } = config;
  // Whoever has the disk of the node that runs control has the authority's key with it.
  const identity = await NodeIdentity.open(folder, clock, control ? undefined : tpmOf(config));
  let authority: Authority | undefined;
  if (control) {
    const { openAuthority } = await import("@holon/platform/identity/authority.ts"); // nor what issues certificates
    const { certifyHere } = await import("@holon/platform/identity/here.ts");
    authority = await openAuthority(folder, clock);
    await certifyHere(identity, authority, { node: name, site, tier }, clock, settings?.certificateMs);
  }
  const self = identity.self();
  if (self === undefined) return { identity, authority };
  const enrolledTier = tierOf(self.certificate);
  if (enrolledTier !== tier) throw new HolonError("HOLON_IDENTITY_FALSE", `${name} is configured as ${tier} and was enrolled as ${enrolledTier}`, { next: `Invite it again with --tier ${tier} and enrol it, or mend its holon.node.yaml.` });
  if (self.node !== name || self.site !== site) throw new HolonError("HOLON_IDENTITY_FALSE", `${name} of ${site} was enrolled as ${self.node} of ${self.site}`);
  await removeJoinTokens(folder);
  return { identity, authority };
}

/** Its own status is had without a link. */
const callNode =
  (node: HolonNode): FleetHost["call"] =>
  (to, method, parameters, deadlineMs) => {
    if (to !== node.config.name) return node.calls.call(to, method, parameters, deadlineMs);
    return method === signsMethod ? node.diagnosis.desk.ask(to, method, parameters, deadlineMs) : Promise.resolve({ status: node.status(), meter: node.metered() });
  };

/** Not while the log is still being read: of whom nothing was read yet nobody knows that it is silent. */
function toldOf({ telemetry }: HolonNode): ToldFleet | undefined {
  if (telemetry === undefined || telemetry.account().completeness === undefined) return undefined;
  const now = telemetry.now();
  return { nodes: () => telemetry.view.nodes(), stateOf: (name) => telemetry.view.stateOf(name, now) };
}

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const consoleFolder = join(repository, "console");

/** What an answer of this node knows of those that it is about. */
const accountOf = ({ telemetry, clock }: HolonNode, of?: string): Account => telemetry?.account(of) ?? { asOf: isoTime(clock.wall().ms), completeness: undefined };

interface ControlApi {
  readonly routes: readonly Route[];
  readonly people: Control["people"];
}

function serve(node: HolonNode, ofControl: ControlApi | undefined, { api, token }: NodeOptions): Promise<RouteServer> {
  const more = ofControl?.routes ?? [];
  const people = ofControl?.people;
  if (people !== undefined) node.guard.concealsBy(people.conceal);
  const own = nodeRoutes(node, people === undefined ? undefined : { approved: people.approvedBy });
  const known = new Set(more.map((route) => `${route.method} ${route.path}`));
  const both = [...more, ...own.filter((route) => !known.has(`${route.method} ${route.path}`))];
  const routes = guardRoutes(withAccount(both, (of) => accountOf(node, of)), {
    decide: (principal, name, context) => node.guard.decide(principal, "call", { name }, context),
    ...(people === undefined ? {} : { approved: people.approved, refused: people.refused }),
  });
  return serveRoutes({ address: api, routes, token, ...(people === undefined ? {} : { callers: { of: people.callerOf, machine: people.machine, refused: people.turnedAway } }), pages: anyOf(createPages(consoleFolder, ofControl === undefined ? "node" : "control"), createManualPages(repository, consoleFolder)), title: ofControl === undefined ? "Holon node" : "Holon control", version: "1" });
}
