/** The control plane's state: a fold of the audit streams in its node's log. It can be thrown away and folded again. */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { laneName, type Lane, type Log, type LogRecord } from "@holon/core/log/log.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, blobHashSchema, tierSchema, type AppDocument, type Tier } from "@holon/core/schema/app.ts";
import { modelDocumentSchema, modelVersionSchema } from "@holon/core/schema/model.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { signatureFilesSchema, type SignatureFiles } from "@holon/core/schema/signatures.ts";
import { policyDocumentSchema } from "@holon/core/schema/policy.ts";
import { delegationEvents, returnedSchema, type Returned } from "@holon/core/schema/delegation.ts";
import { movingEvents, type Departed } from "@holon/core/schema/moving.ts";
import { nodeReportSchema, type NodeReport } from "@holon/core/schema/node-report.ts";
import type { Slices } from "@holon/core/slice.ts";
import { z } from "zod";
import { overlayTold, type KnownOverlay } from "../plan/overlays.ts";
import { attestedEvent } from "../identity/attestation.ts";
import type { KnownModel } from "./models.ts";
import { curveEvent, shiftedEvent } from "@holon/core/schema/energy.ts";
import { conditionTold, toldNow, type ConditionState } from "./conditions.ts";
import { departedTold, takenTold } from "./departed.ts";
import { deployedIn, handedTold, letGoOfOld, letGoOfUnits, type HandedState } from "./handed.ts";
import { createEnergyState, curveTold, jobsSince, runTold, type EnergyState } from "./energy.ts";
import { applyPeople, noPeople, type PeopleState, type Reveal } from "./people.ts";
import type { KnownPolicy } from "./policy.ts";

export interface KnownNode {
  readonly name: string;
  readonly site: string;
  readonly tier: Tier;
  readonly jurisdiction: string;
  readonly parent: string | null;
  /** Its local API, on its own machine. */
  readonly api: string | null;
  /** Its own clock, at its last start. */
  readonly startedAt: string;
  /** What it told last of what it is made of; undefined where it never did. */
  readonly inventory?: NodeReport | undefined;
  readonly reported: { readonly version: number; readonly outcome: "settled" | "refused"; readonly document?: string | undefined; readonly message?: string | undefined; readonly returned?: readonly Returned[] | undefined; readonly at: string } | undefined;
}

export interface KnownApp {
  readonly document: AppDocument;
  readonly deployedAt: string;
  /** By job, since when it has been deployed with this schedule. */
  readonly jobsSince: ReadonlyMap<string, string>;
  /** Another with each deployment. */
  readonly revision: string;
}

/** The last news of who leads a site; as old as the newest record of that site that is here. */
export interface KnownLead {
  readonly term: number;
  /** Null where the lead of that term said that it leads no more. */
  readonly lead: string | null;
  /** When that was told, by the clock of who told it. */
  readonly at: string;
}

/** The plan in force, without what it says: that is in the blob, with all that it was made from. */
export type KnownPlan = z.infer<typeof plannedData> & { readonly adoptedAt: string };

export interface ControlState {
  readonly nodes: Map<string, KnownNode>;
  /** By site. */
  readonly leads: Map<string, KnownLead>;
  readonly apps: Map<string, KnownApp>;
  /** By version, in the order of registration. */
  readonly models: Map<string, KnownModel>;
  /** The newest that was adopted. */
  policy: KnownPolicy | undefined;
  plan: KnownPlan | undefined;
  /** Nodes whose certificates were taken from them. */
  readonly revoked: Set<string>;
  /** What nodes told of themselves before they told that they had started: they look at themselves while they start. */
  readonly waiting: Map<string, NodeReport>;
  /** Metadata that the publisher signed last, as far as they came here; undefined where none ever did. */
  images: SignatureFiles | undefined;
  readonly people: PeopleState;
  /** What nodes told last of units that left them, and of such as came, by the id of the move. */
  readonly departures: Map<string, { readonly node: string; readonly data: Departed }>;
  readonly taken: Map<string, Set<string>>;
  /** How each node told last that it stands; and since when a newer document stands issued than it has reached. */
  readonly conditions: ConditionState["conditions"];
  readonly handed: HandedState["handed"];
  readonly origins: HandedState["origins"];
  readonly asked: HandedState["asked"];
  /** Units that were ever left to a site. */
  readonly delegated: Set<string>;
  /** By site, what its leads decided while it was cut off. */
  readonly overlays: Map<string, readonly KnownOverlay[]>;
  /** What each node's trail says was adopted there last. */
  readonly adoptions: Map<string, { readonly digest: string; readonly by: string; readonly because: string; readonly number: number }>;
  /** Nodes whose TPM signs that they are made of that. */
  readonly attested: Set<string>;
  readonly behindSince: ConditionState["behindSince"];
  readonly toldIn: ConditionState["toldIn"];
  /** Of each node the last document that was issued: its version, and how its hash begins. */
  readonly issued: Map<string, { readonly version: number; readonly document?: string | undefined }>;
  readonly energy: EnergyState;
}

export const eventTypes = { deployed: "holon.app.deployed", removed: "holon.app.removed", issued: "holon.desired.issued", registered: "holon.model.registered", adopted: "holon.policy.adopted", published: "holon.images.published", planned: "holon.plan.adopted", anew: "holon.unit.anew" } as const;

const startedData = z.object({ site: z.string(), tier: tierSchema, jurisdiction: z.string(), parent: z.string().nullable(), api: z.string().nullable() });
const reportedData = z.object({ version: z.int(), outcome: z.enum(["settled", "refused"]), document: z.string().optional(), message: z.string().optional(), returned: returnedSchema.optional() });
const leadData = z.object({ site: z.string(), term: z.int(), lead: z.string().nullable() });
/** Who did it, as the guard knows them; records of before do not say. */
const by = z.string().optional();
const registeredData = z.strictObject({ version: modelVersionSchema, document: modelDocumentSchema, by });
const adoptedData = z.strictObject({ name: z.string(), version: z.int(), ...policyDocumentSchema.shape, by });
const publishedData = z.strictObject({ files: signatureFilesSchema, by });
const deployedData = z.strictObject({ ...appDocumentSchema.shape, by });
export const plannedData = z.strictObject({
  hash: z.string(),
  parent: z.string().nullable(),
  inputs: z.string(),
  blob: blobHashSchema,
  placements: z.int(),
  unplaced: z.int(),
  moves: z.int(),
  costPerMonth: z.number(),
  /** For people. */
  because: z.string(),
  /** The first lines of its diff against the plan before, and how many there are. */
  changes: z.array(z.string()),
  changed: z.int(),
});
const measuredAdoptedData = z.object({ by: z.string(), because: z.string(), digest: z.string(), number: z.int().default(0) });
const attestedData = z.object({ node: z.string(), level: z.enum(["enrolled", "attested"]) });
const nodeData = z.object({ node: z.string() });
const issuedData = z.object({ node: z.string(), version: z.int(), document: z.string().optional() });
const removedData = z.object({ app: z.string() });

export interface Fold {
  readonly state: ControlState;
  /** Reads on from where it stopped; says whether anything that matters to plans has changed. */
  catchUp(): Promise<boolean>;
  close(): void;
}

export interface FoldOptions {
  /** Is told of each record that says one thing and holds another, or what its writer has no business to say: that is of another version, or lies. The rest counts on. */
  readonly ignored?: (record: LogRecord) => void;
  readonly slices?: Slices;
  /** What is concealed of people. */
  readonly reveal?: Reveal | undefined;
}

export function createFold(log: Log, { ignored = () => undefined, slices, reveal = () => undefined }: FoldOptions = {}): Fold {
  const state: ControlState = { nodes: new Map(), leads: new Map(), apps: new Map(), models: new Map(), policy: undefined, images: undefined, people: noPeople(), departures: new Map(), taken: new Map(), conditions: new Map(), toldIn: new Map(), behindSince: new Map(), issued: new Map(), handed: new Map(), origins: new Map(), asked: new Map(), delegated: new Set(), overlays: new Map(), adoptions: new Map(), attested: new Set(), energy: createEnergyState(), plan: undefined, revoked: new Set(), waiting: new Map() };
  const read = new Map<string, number>();
  /** Lanes in which something may stand that was not read: all at first, then those that were written to. */
  const unread = new Map<string, Lane>();
  const note = (lane: Lane): void => void (lane.stream === "audit" && unread.set(laneName(lane), lane));
  for (const { lane } of log.heads().values()) note(lane);
  const unsubscribe = log.onCommit(({ lanes }) => lanes.forEach(note));

  /** What is deployed first: what others say is judged by that. */
  const own = laneName({ origin: log.origin, stream: "audit" });
  function nextUnread(): readonly [string, Lane] | undefined {
    const mine = unread.get(own);
    const [next] = unread;
    return mine === undefined ? next : [own, mine];
  }

  async function readLane(lane: Lane, head: number): Promise<boolean> {
    let changed = false;
    for (let next = (read.get(laneName(lane)) ?? 0) + 1; next <= head; next = (read.get(laneName(lane)) ?? head) + 1) {
      const records = await log.read(lane, next, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const record of records) {
        const outcome = apply(state, record, log, reveal);
        if (outcome === "unfit") ignored(record);
        else changed = outcome || changed;
        await slices?.rest();
      }
      read.set(laneName(lane), records.at(-1)?.sequence ?? head);
    }
    return changed;
  }

  return {
    state,
    async catchUp() {
      let changed = false;
      slices?.begin();
      for (let next = nextUnread(); next !== undefined; next = nextUnread()) {
        unread.delete(next[0]);
        try {
          changed = (await readLane(next[1], log.head(next[1])?.sequence ?? 0)) || changed;
        } catch (error) {
          note(next[1]);
          throw error;
        }
      }
      return changed;
    },
    close: unsubscribe,
  };
}

type Outcome = boolean | "unfit";

function apply(state: ControlState, record: LogRecord, log: Log, reveal: Reveal): Outcome {
  const event = eventOf(record);
  if (event === undefined) return "unfit";
  if (event.type === "holon.node.started") return nodeStarted(state, record, event, enrolledAs(log, record.origin));
  if (event.type === "holon.node.reported") return nodeReported(state, record, event);
  if (event.type === "holon.node.inventory") return inventoryTold(state, record, event);
  if (event.type === "holon.site.lead") return leadTold(state, record.origin, event);
  if (event.type === "holon.node.condition") return conditionTold(state, record, event);
  if (event.type === "holon.unit.handed") return state.nodes.has(record.origin) && !state.revoked.has(record.origin) && handedTold(state, deployedIn(state.apps), record.origin, event.time, event.data) ? true : "unfit";
  if (event.type === curveEvent) return curveTold(state.energy, !state.revoked.has(record.origin), record.origin, event.data);
  if (event.type === shiftedEvent) return runTold(state.energy, state.nodes.has(record.origin) && !state.revoked.has(record.origin), (unit) => isJob(state, unit), record.origin, event);
  if (event.type === delegationEvents.overlay) return overlayTold(state, record.origin, event);
  if (event.type === movingEvents.departed) return departedTold(state, record.origin, event.data) || "unfit";
  if (event.type === movingEvents.taken) return takenTold(state, record.origin, event.data) || "unfit";
  if (event.type === "holon.node.adopted") return measuredAdopted(state, record.origin, event);
  if (record.origin !== log.origin) return false; // only this node's own trail deploys
  if (event.type === eventTypes.deployed) return appDeployed(state, event, record);
  if (event.type === eventTypes.registered) return modelRegistered(state, event);
  if (event.type === eventTypes.adopted) return policyAdopted(state, event);
  if (event.type === eventTypes.issued) return documentIssued(state, event);
  if (event.type === eventTypes.planned) return planAdopted(state, event);
  if (event.type === "holon.node.revoked" || event.type === "holon.node.enrolled") return membershipTold(state, event);
  if (event.type === eventTypes.published) return imagesPublished(state, event);
  if (event.type === attestedEvent) return nodeAttested(state, event);
  const people = applyPeople(state.people, event, reveal);
  if (people !== undefined) return people === "unfit" ? "unfit" : false; // plans do not ask who people are
  if (event.type === eventTypes.removed) {
    const { app } = removedData.parse(event.data);
    letGoOfUnits(state, app, () => false);
    return state.apps.delete(app);
  }
  return false;
}

const isJob = ({ apps }: ControlState, unit: string): boolean => {
  const [app = "", name = ""] = unit.split("/");
  return apps.get(app)?.jobsSince.has(name) === true;
};

function eventOf(record: LogRecord): StoredEvent | undefined {
  try {
    return parseStoredEvent(record.bytes, printRecordName(record));
  } catch {
    return undefined; // told as unfit
  }
}

const enrolledSchema = z.object({ site: z.string(), tier: tierSchema });
type EnrolledAs = z.infer<typeof enrolledSchema>;

/** What the authority made its certificate out to; undefined where there is none, or this log was put back from before. */
function enrolledAs(log: Log, node: string): EnrolledAs | undefined {
  const bytes = log.cell(`enrolled/${node}`);
  return bytes && enrolledSchema.parse(parseJson(bytes));
}

/** A node is placed by the site and the tier that it was enrolled for, not by what it says of itself. */
function nodeStarted(state: ControlState, { origin: name, epoch }: LogRecord, event: StoredEvent, enrolled: EnrolledAs | undefined): Outcome {
  const before = state.nodes.get(name);
  const started = startedData.safeParse(event.data);
  if (!started.success) return "unfit";
  if (enrolled !== undefined && (enrolled.site !== started.data.site || enrolled.tier !== started.data.tier)) return "unfit";
  toldNow(state, name, { started: epoch });
  state.nodes.set(name, { name, ...started.data, startedAt: event.time, inventory: before?.inventory ?? state.waiting.get(name), reported: before?.reported });
  const { tier, site, jurisdiction } = started.data;
  return before === undefined || before.tier !== tier || before.site !== site || before.jurisdiction !== jurisdiction;
}

function inventoryTold(state: ControlState, { origin: name, epoch }: LogRecord, event: StoredEvent): Outcome {
  const node = state.nodes.get(name);
  const told = nodeReportSchema.safeParse(event.data);
  if (!told.success) return "unfit";
  // What a node tells before its link is open says nothing of who is above it: that is where it was.
  const uplink = told.data.uplink ?? node?.inventory?.uplink;
  letGoOfOld(state, name, event.time);
  toldNow(state, name, { inventory: epoch });
  if (node !== undefined) state.nodes.set(name, { ...node, inventory: { ...told.data, ...(uplink === undefined ? {} : { uplink }) } });
  else state.waiting.set(name, told.data);
  return true;
}

function planAdopted(state: ControlState, event: StoredEvent): Outcome {
  const adopted = plannedData.safeParse(event.data);
  if (!adopted.success) return "unfit";
  state.plan = { ...adopted.data, adoptedAt: event.time };
  return false;
}

/** Who was revoked may be enrolled again. */
function membershipTold(state: ControlState, event: StoredEvent): Outcome {
  const told = nodeData.safeParse(event.data);
  if (!told.success) return "unfit";
  // Whatever its TPM signed before, the machine may be another now.
  const wasAttested = state.attested.delete(told.data.node);
  const adopted = state.adoptions.get(told.data.node);
  if (adopted !== undefined) state.adoptions.set(told.data.node, { ...adopted, number: 0 }); // one with another disk, and a clock of before, counts anew
  if (event.type === "holon.node.enrolled") return state.revoked.delete(told.data.node) || wasAttested;
  state.revoked.add(told.data.node);
  for (const rows of state.asked.values()) rows.delete(told.data.node);
  return true;
}

function nodeReported(state: ControlState, { origin: name, epoch }: LogRecord, event: StoredEvent): Outcome {
  const node = state.nodes.get(name);
  const reported = reportedData.safeParse(event.data);
  if (!reported.success) return "unfit";
  if (reported.data.outcome === "settled" && reported.data.version >= (state.behindSince.get(name)?.version ?? 0)) state.behindSince.delete(name);
  toldNow(state, name, { reported: epoch });
  if (node !== undefined) state.nodes.set(name, { ...node, reported: { ...reported.data, at: event.time } });
  return runsAnother(state, name);
}

/** It runs another document of that version than was issued: control was put back from a backup, and gave the number twice. */
export function runsAnother({ nodes, issued }: Pick<ControlState, "nodes" | "issued">, node: string): boolean {
  const [told, last] = [nodes.get(node)?.reported, issued.get(node)];
  return told?.document !== undefined && last?.document !== undefined && told.version === last.version && told.document !== last.document;
}

/** A node of before tells no digest: its quotes then say what nobody knows. An adoption that another one followed is not the last because its node says it again. */
function measuredAdopted(state: ControlState, node: string, event: StoredEvent): Outcome {
  const told = measuredAdoptedData.safeParse(event.data);
  if (told.success && told.data.number >= (state.adoptions.get(node)?.number ?? 0)) state.adoptions.set(node, told.data);
  return false;
}

function nodeAttested(state: ControlState, event: StoredEvent): Outcome {
  const { node, level } = attestedData.parse(event.data);
  const before = state.attested.has(node);
  if (level === "attested") state.attested.add(node);
  else state.attested.delete(node);
  return before !== state.attested.has(node);
}

/** The first that the node has not reached counts. */
function documentIssued(state: ControlState, event: StoredEvent): Outcome {
  const issued = issuedData.safeParse(event.data);
  if (!issued.success) return "unfit";
  const { node, version } = issued.data;
  state.issued.set(node, { version, document: issued.data.document });
  state.behindSince.set(node, { version, at: state.behindSince.get(node)?.at ?? event.time });
  return false;
}

/** Terms only rise, and within a term a lead begins before it ends: so the order in which members' records arrive does not matter. */
function leadTold(state: ControlState, origin: string, event: StoredEvent): Outcome {
  const told = leadData.safeParse(event.data);
  if (!told.success) return "unfit";
  const { site, term, lead } = told.data;
  // A member speaks of its own site, and of itself.
  if (state.nodes.get(origin)?.site !== site || (lead !== null && lead !== origin)) return "unfit";
  const known = state.leads.get(site);
  if (known === undefined || term > known.term || (term === known.term && lead === null)) state.leads.set(site, { term, lead, at: event.time });
  return false;
}

/** Plans do not ask for it: an app names the graphs that it brings. */
function modelRegistered(state: ControlState, event: StoredEvent): Outcome {
  const registered = registeredData.safeParse(event.data);
  if (!registered.success) return "unfit";
  const { version, document } = registered.data;
  if (!state.models.has(version)) state.models.set(version, { version, document, registeredAt: event.time });
  return false;
}

function imagesPublished(state: ControlState, event: StoredEvent): Outcome {
  const data = publishedData.safeParse(event.data);
  if (!data.success) return "unfit";
  state.images = data.data.files;
  return true;
}

function policyAdopted(state: ControlState, event: StoredEvent): Outcome {
  const adopted = adoptedData.safeParse(event.data);
  if (!adopted.success) return "unfit";
  const { by: _, ...policy } = adopted.data;
  state.policy = { ...policy, adoptedAt: event.time };
  return true;
}

function appDeployed(state: ControlState, event: StoredEvent, { sequence }: LogRecord): boolean {
  const { by: _, ...document } = deployedData.parse(event.data);
  for (const { name, needs } of document.functions) if (needs?.delegated === true) state.delegated.add(`${document.name}/${name}`);
  state.apps.set(document.name, { document, deployedAt: event.time, jobsSince: jobsSince(document, event.time, state.apps.get(document.name)), revision: String(sequence) });
  letGoOfUnits(state, document.name, (unit) => (["function", "model"] as const).some((kind) => deployedIn(state.apps)(kind, unit)));
  return true;
}
