/**
 * What a plan may be and what it costs, read anew from inventory, needs and policy: it shares no code with what plans. Slow and plain, by names; each rule as `docs/concepts/placement.md`
 * has it. Jobs and their hours are not read.
 */
import type { Inventory, InventoryNode, Measured } from "../../schema/inventory.ts";
import type { AppNeeds, PlacementPolicy, Staged, UnitNeeds } from "../../schema/needs.ts";

export interface Asked {
  readonly policy: PlacementPolicy;
  readonly inventory: Inventory;
  readonly apps: readonly AppNeeds[];
  readonly nowMs: number;
  readonly previous?: { readonly placements: readonly { readonly unit: string; readonly replica: number; readonly node: string }[] } | undefined;
}

/** One replica. */
export interface Replica {
  readonly unit: string;
  readonly replica: number;
  readonly needs: UnitNeeds;
  /** Node of the plan before. */
  readonly before: string | undefined;
}

/** A way that a replica can stand on a node. */
export interface Stand {
  readonly node: InventoryNode;
  /** It takes accelerators. */
  readonly accelerated: boolean;
  /** A month, moving there included. */
  readonly cost: number;
}

export interface Leg {
  readonly ms: number;
  readonly perGigabyte: number;
  readonly msKnown: boolean;
  readonly priceKnown: boolean;
}

const monthHours = 730;
const nothing: Leg = { ms: 0, perGigabyte: 0, msKnown: true, priceKnown: true };

export function readInputs({ policy, inventory, apps, nowMs, previous }: Asked) {
  const nodes = inventory.nodes;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const fresh = (told: Measured | undefined, afterMs = policy.staleAfterMs): number | undefined => (told !== undefined && nowMs - told.asOfMs <= afterMs ? told.value : undefined);
  /** What is told of the node, or the highest that is told of any. */
  const orWorst = (of: (node: InventoryNode) => number | undefined) => {
    const known = nodes.map(of).filter((value) => value !== undefined);
    const worst = known.length === 0 ? 0 : Math.max(...known);
    return (node: InventoryNode): number => of(node) ?? worst;
  };
  const told = {
    processorHour: (node: InventoryNode) => fresh(node.prices.perProcessorHour),
    gigabyteHour: (node: InventoryNode) => fresh(node.prices.perGigabyteHour),
    acceleratorHour: (node: InventoryNode) => (node.capacity.accelerators === undefined ? undefined : fresh(node.prices.perAcceleratorHour)),
    kilowattHour: (node: InventoryNode) => fresh(node.prices.perKilowattHour),
    watts: (node: InventoryNode) => fresh(node.power.processorWatts),
    acceleratorWatts: (node: InventoryNode) => (node.capacity.accelerators === undefined ? undefined : fresh(node.power.acceleratorWatts)),
    grams: (node: InventoryNode) => fresh(node.carbonGramsPerKilowattHour),
    stepMs: (node: InventoryNode) => (node.uplink === undefined ? undefined : fresh(node.uplink.latencyMs)),
    stepPrice: (node: InventoryNode) => (node.uplink === undefined ? undefined : fresh(node.uplink.perGigabyte)),
  };
  const [processorHour, gigabyteHour, acceleratorHour, kilowattHour, watts, acceleratorWatts, grams, stepMs, stepPrice] = [orWorst(told.processorHour), orWorst(told.gigabyteHour), orWorst(told.acceleratorHour), orWorst(told.kilowattHour), orWorst(told.watts), orWorst(told.acceleratorWatts), orWorst(told.grams), orWorst(told.stepMs), orWorst(told.stepPrice)];

  /** The node, its parent, and so on to the root. */
  const lineOf = (node: InventoryNode): readonly InventoryNode[] => {
    const line = [node];
    for (let above = byName.get(node.uplink?.parent ?? ""); above !== undefined && !line.includes(above); above = byName.get(above.uplink?.parent ?? "")) line.push(above);
    return line;
  };
  const overSteps = (steps: readonly InventoryNode[]): Leg => ({
    ms: steps.reduce((sum, step) => sum + stepMs(step), 0),
    perGigabyte: steps.reduce((sum, step) => sum + stepPrice(step), 0),
    msKnown: steps.every((step) => told.stepMs(step) !== undefined),
    priceKnown: steps.every((step) => told.stepPrice(step) !== undefined),
  });
  const toRoot = nodes.map((node) => overSteps(lineOf(node).slice(0, -1)));
  const farthest: Leg = { ms: 2 * Math.max(0, ...toRoot.map(({ ms }) => ms)), perGigabyte: 2 * Math.max(0, ...toRoot.map(({ perGigabyte }) => perGigabyte)), msKnown: false, priceKnown: false };
  const dearestStep = Math.max(0, ...nodes.filter(({ uplink }) => uplink !== undefined).map(stepPrice));

  function leg(one: InventoryNode | undefined, other: InventoryNode): Leg {
    if (one === undefined) return farthest;
    if (one.name === other.name) return nothing;
    if (one.site === other.site) {
      const measured = [one.beside?.[other.name], other.beside?.[one.name]].flatMap((each) => fresh(each) ?? []);
      return { ...nothing, ms: measured.length === 0 ? policy.siteLatencyMs : Math.max(...measured) };
    }
    for (const { between, latencyMs, perGigabyte } of inventory.links) {
      const ms = fresh(latencyMs);
      if (ms !== undefined && between.includes(one.site) && between.includes(other.site)) return { ms, perGigabyte: fresh(perGigabyte) ?? dearestStep, msKnown: true, priceKnown: fresh(perGigabyte) !== undefined };
    }
    const [mine, theirs] = [lineOf(one), lineOf(other)];
    const meeting = mine.find((step) => theirs.includes(step));
    if (meeting === undefined) return farthest;
    return overSteps([...mine.slice(0, mine.indexOf(meeting)), ...theirs.slice(0, theirs.indexOf(meeting))]);
  }

  /** Where what comes from a site comes in. */
  function doorOf(site: string, name?: string): InventoryNode | undefined {
    const members = nodes.filter((node) => node.site === site).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const named = members.find((node) => node.name === name);
    if (named !== undefined) return named;
    const depth = Math.min(...members.map((node) => lineOf(node).length));
    return members.find((node) => lineOf(node).length === depth);
  }

  const isAbove = (node: InventoryNode, door: InventoryNode | undefined): boolean => door !== undefined && lineOf(door).includes(node);
  const covers = (place: string, jurisdiction: string): boolean => place === "*" || jurisdiction === place || jurisdiction.startsWith(`${place}/`);
  const isAged = (node: InventoryNode): boolean => node.state !== "silent" && node.capacity.asOfMs !== undefined && nowMs - node.capacity.asOfMs > policy.staleAfterMs;
  const has = ({ accelerator }: UnitNeeds, { capacity: { accelerators } }: InventoryNode): boolean => accelerator !== undefined && accelerators !== undefined && accelerators.count >= accelerator.count && (accelerator.models.length === 0 || accelerator.models.includes(accelerators.model));

  function isOpen({ unit, needs, before }: Replica, node: InventoryNode): boolean {
    const ranks = ["none", "enrolled", "attested"];
    const stays = needs.classes.includes("raw") || needs.classes.includes("personal");
    const goesOn = before === node.name && (needs.onIsolation === "continue" || needs.island !== undefined);
    return (
      node.state !== "gone" &&
      (node.state !== "silent" || goesOn) &&
      (!isAged(node) || before === node.name) &&
      needs.forbidden?.[node.name] === undefined &&
      (needs.leftTo === undefined || needs.leftTo.site === node.site) &&
      needs.jurisdictions.some((place) => covers(place, node.jurisdiction)) &&
      (!stays || needs.sources.some(({ site }) => site === node.site)) &&
      (needs.sealedTo === undefined || needs.sealedTo.includes(node.site)) &&
      ranks.indexOf(node.trust) >= ranks.indexOf(needs.trust) &&
      (needs.tiers === undefined || needs.tiers.includes(node.tier)) &&
      (needs.accelerator?.need !== "required" || has(needs, node)) &&
      (needs.providers.length === 0 || needs.providers.some((provider) => node.providers.includes(provider))) &&
      (!needs.onTheWay || needs.sources.every(({ site, node: at }) => node.site === site || isAbove(node, doorOf(site, at)))) &&
      isSoonEnough(unit, needs, node)
    );
  }

  function isSoonEnough(unit: string, needs: UnitNeeds, node: InventoryNode): boolean {
    if (needs.latencyMsMax === undefined) return true;
    const measured = nodes.flatMap((each) => fresh(each.speeds[unit]) ?? []);
    const guess = [...measured, ...(needs.callMs === undefined ? [] : [needs.callMs])];
    const call = fresh(node.speeds[unit]) ?? (guess.length === 0 ? undefined : Math.max(...guess));
    const [there, back] = [needs.sources.map(({ site, node: at }) => doorOf(site, at)), needs.effects.map((site) => doorOf(site))];
    if (call === undefined || [...there, ...back].some((end) => end === undefined || !leg(end, node).msKnown)) return false;
    const slowest = (ends: readonly (InventoryNode | undefined)[]): number => Math.max(0, ...ends.map((end) => leg(end, node).ms));
    return slowest(there) + slowest(back) + call <= needs.latencyMsMax;
  }

  const stepByteMs = (() => {
    const of = (node: InventoryNode): number | undefined => {
      const bytesPerSecond = fresh(node.uplink?.bytesPerSecond);
      return bytesPerSecond === undefined ? undefined : 1000 / Math.max(1, bytesPerSecond);
    };
    const worst = Math.max(0, ...nodes.map((node) => of(node) ?? 0));
    return (node: InventoryNode): number => of(node) ?? worst;
  })();
  const hour = (node: InventoryNode): number => processorHour(node) + (watts(node) / 1000) * (kilowattHour(node) + (grams(node) * policy.perKilogramCarbon) / 1000);

  /** The cheapest way to have so many rows of a month answered, with the rows at one node and the end at another. */
  function questions(app: string, { kind, parts, passUp, pace: paces }: Staged, needs: UnitNeeds, rows: number, here: InventoryNode, there: InventoryNode): number {
    const seen = (node: InventoryNode, name: string): number | undefined => fresh(node.speeds[`${app}/${name}`]);
    const pace = (node: InventoryNode): number => {
      const both = parts.flatMap(({ name, ms }) => (ms === undefined || seen(node, name) === undefined ? [] : [[seen(node, name) ?? 0, ms] as const]));
      const [own, published] = [0, 1].map((which) => both.reduce((sum, pair) => sum + (pair[which] ?? 0), 0));
      return published === undefined || published === 0 ? (paces?.[node.tier] ?? 1) : (own ?? 0) / published;
    };
    const time = (node: InventoryNode, part: Staged["parts"][number] | undefined): number | undefined => (part === undefined ? undefined : (seen(node, part.name) ?? (part.ms === undefined ? undefined : part.ms * pace(node))));
    const free = here.state === "silent" ? (here.capacity.processors ?? 0) - (here.load.processors?.value ?? 0) : isAged(here) ? 0 : (here.capacity.processors ?? 0) - (fresh(here.load.processors, policy.loadStaleAfterMs) ?? policy.loadUnknownShare * (here.capacity.processors ?? 0));
    const canDo = (ms: number): boolean => (rows * ms) / (monthHours * 3_600_000) <= Math.max(0, free) + 1e-9;
    const { ms: wayMs, perGigabyte } = leg(here, there);
    const [mine, theirs] = [lineOf(here), lineOf(there)];
    const meeting = here.site === there.site ? undefined : mine.find((step) => theirs.includes(step));
    const perByte = meeting === undefined ? 0 : [...mine.slice(0, mine.indexOf(meeting)), ...theirs.slice(0, theirs.indexOf(meeting))].reduce((sum, step) => sum + stepByteMs(step), 0);
    const price = (msHere: number, msThere: number, bytes: number, share: number, more = 0): number =>
      (rows * (msHere * hour(here) + share * msThere * hour(there))) / 3_600_000 + (rows * share * bytes * perGigabyte) / 1e9 + policy.perMillisecond * (msHere + share * (msThere + (bytes > 0 || here !== there ? 2 * wayMs + bytes * perByte : 0))) + more;
    const all = parts.map((part) => [time(here, part), time(there, part)] as const);
    if (kind === "split") {
      const sum = (from: number, to: number, which: 0 | 1): number => all.slice(from, to).reduce((total, pair) => total + (pair[which] ?? 0), 0);
      const whole = price(sum(0, parts.length, 0), 0, 0, 0);
      if (here === there) return whole;
      const cuts = parts.slice(0, -1).flatMap((part, index) => (index === 0 || canDo(sum(0, index + 1, 0)) ? [price(sum(0, index + 1, 0), sum(index + 1, parts.length, 1), (part.bytes ?? 0) + (parts.at(-1)?.bytes ?? 0), 1)] : []));
      return Math.min(...cuts, ...(canDo(sum(0, parts.length, 0)) ? [whole] : []));
    }
    const [small, large] = all;
    const bytes = here === there || parts[0]?.bytes === undefined ? 0 : parts[0].bytes + (parts[1]?.bytes ?? 0);
    const first = price(small?.[0] ?? 0, large?.[1] ?? 0, bytes, passUp ?? 0);
    if (small?.[0] === undefined || large?.[1] === undefined || passUp === undefined || parts[0]?.bytes === undefined) return first;
    const mayStand = here !== there && needs.tiers?.includes(here.tier) === true && large[0] !== undefined && canDo(large[0]);
    const memoryFree = here.state === "silent" ? (here.capacity.memoryBytes ?? 0) - (here.load.memoryBytes?.value ?? 0) : isAged(here) ? 0 : (here.capacity.memoryBytes ?? 0) - (fresh(here.load.memoryBytes, policy.loadStaleAfterMs) ?? policy.loadUnknownShare * (here.capacity.memoryBytes ?? 0));
    const copy = mayStand && Math.max(0, memoryFree) >= needs.memoryBytes ? [price(large[0] ?? 0, 0, 0, 0, (needs.memoryBytes / 1e9) * monthHours * gigabyteHour(here))] : [];
    return Math.min(first, price(0, large[1], bytes, 1), ...copy);
  }

  /** Of a unit that is the end of models that are asked. */
  const asked = (unit: string): readonly (readonly [string, Staged])[] => apps.flatMap(({ app, stages = [] }) => stages.flatMap((staged) => (`${app}/${staged.parts.at(-1)?.name ?? ""}` === unit ? [[app, staged] as const] : [])));

  /** Whether an event that is made on the one node is handed on the other: it climbs, if it leaves its node at all. Where nobody has said who stands above or below, nothing is ruled out. */
  const isHanded = (stays: boolean, one: InventoryNode, other: InventoryNode, mayEnter: (step: InventoryNode, from: InventoryNode) => boolean = () => true): boolean => {
    if (one === other || other.state === "silent") return true;
    const line = lineOf(one);
    const climb = line.slice(1, line.indexOf(other) + 1);
    if (line.includes(other)) return !stays && climb.every((step, index) => mayEnter(step, line[index] ?? step));
    return !stays && one.uplink === undefined && nodes.every((node) => node === one || !lineOf(node).includes(one));
  };
  const isAsked = (one: InventoryNode, other: InventoryNode): boolean => one.site === other.site || lineOf(one).includes(other);

  /** What it costs as it stands there, by itself. */
  function month({ unit, needs }: Replica, node: InventoryNode, accelerated: boolean): { readonly all: number; readonly money: number; readonly isMoneyKnown: boolean } {
    const units = accelerated && needs.accelerator !== undefined ? (needs.accelerator.count * needs.accelerator.milli) / 1000 : 0;
    const gigabytes = needs.memoryBytes / 1e9;
    const kilowatts = (needs.processors * watts(node) + units * acceleratorWatts(node)) / 1000;
    const askers = asked(unit).flatMap(([app, staged]) => staged.askers.flatMap(({ node: name, rowsPerMonth }) => (byName.has(name) ? [{ app, staged, rowsPerMonth, from: byName.get(name) ?? node }] : [])));
    const ofQuestions = askers.reduce((sum, { app, staged, rowsPerMonth, from }) => sum + questions(app, staged, needs, rowsPerMonth, from, node), 0) / needs.replicas;
    const ways = (askers.length > 0 ? [] : needs.sources).map(({ site, node: at, bytesPerMonth }) => ({ gigabytes: bytesPerMonth / 1e9 / needs.replicas, way: leg(doorOf(site, at), node) }));
    const egress = ways.reduce((sum, each) => sum + each.gigabytes * each.way.perGigabyte, 0);
    const ms = needs.deferrableHours > 0 ? 0 : ways.reduce((sum, { way }) => sum + way.ms, 0) + needs.effects.reduce((sum, site) => sum + leg(doorOf(site), node).ms, 0);
    const money = monthHours * (needs.processors * processorHour(node) + gigabytes * gigabyteHour(node) + units * acceleratorHour(node) + kilowatts * kilowattHour(node)) + egress;
    const carbon = (monthHours * kilowatts * grams(node) * policy.perKilogramCarbon) / 1000;
    const hardware = needs.accelerator === undefined ? (node.capacity.accelerators === undefined ? 0 : policy.acceleratorSpared) : accelerated ? 0 : policy.acceleratorMissed;
    const isFree = (draw: number | undefined): boolean => draw === 0 || told.kilowattHour(node) === 0 || (draw !== undefined && told.kilowattHour(node) !== undefined);
    const isMoneyKnown =
      (needs.processors === 0 || (told.processorHour(node) !== undefined && isFree(told.watts(node)))) &&
      (gigabytes === 0 || told.gigabyteHour(node) !== undefined) &&
      (units === 0 || (told.acceleratorHour(node) !== undefined && isFree(told.acceleratorWatts(node)))) &&
      ways.every((each) => each.gigabytes === 0 || each.way.priceKnown);
    const makers = (needs.makers ?? []).flatMap((maker) => (byName.has(maker.node) ? [{ ...maker, from: byName.get(maker.node) ?? node }] : []));
    const unheard = makers.filter(({ from, here, until, asks }) => (asks === true ? !isAsked(from, node) : !isHanded(here === true, from, node, (_, below) => below.name !== until))).reduce((sum, { like = 1 }) => sum + like, 0) + (node.state === "silent" ? 0 : (needs.takers ?? []).filter(({ tier, except }) => tier !== node.tier || except?.includes(node.name) === true).length);
    return { all: money + carbon + hardware + ms * policy.perMillisecond + ofQuestions + 1e4 * unheard, money, isMoneyKnown };
  }

  function standsOf(replica: Replica): readonly Stand[] {
    const { needs, before } = replica;
    return nodes.flatMap((node) => {
      if (!isOpen(replica, node)) return [];
      const choices = needs.accelerator === undefined ? [false] : has(needs, node) ? (needs.accelerator.need === "required" ? [true] : [true, false]) : [false];
      const costs = choices.map((accelerated) => ({ accelerated, ...month(replica, node, accelerated) }));
      const usual = costs.toSorted((a, b) => a.all - b.all)[0];
      if (needs.budgetPerMonthMax !== undefined && (usual === undefined || !usual.isMoneyKnown || usual.money > needs.budgetPerMonthMax)) return [];
      const moving = before !== undefined && byName.has(before) && before !== node.name ? policy.perMove + (needs.stateBytes / 1e9) * policy.perGigabyteMoved : 0;
      return costs.map(({ accelerated, all }) => ({ node, accelerated, cost: all + moving }));
    });
  }

  const replicas: readonly Replica[] = apps.flatMap(({ app, units }) =>
    units.flatMap((needs) =>
      Array.from({ length: needs.replicas }, (_, replica) => {
        const unit = `${app}/${needs.name}`;
        return { unit, replica, needs, before: previous?.placements.find((one) => one.unit === unit && one.replica === replica)?.node };
      }),
    ),
  );
  const stands = new Map(replicas.map((replica) => [replica, standsOf(replica)]));

  /** Of what a node has, what may be given out. */
  function roomOf(node: InventoryNode, what: "processors" | "memoryBytes" | "diskBytes"): number {
    const whole = node.capacity[what] ?? 0;
    const load = what === "diskBytes" ? undefined : node.load[what];
    const inUse = what === "diskBytes" ? 0 : node.state === "silent" ? (load?.value ?? 0) : (fresh(load, policy.loadStaleAfterMs) ?? policy.loadUnknownShare * whole);
    const careful = isAged(node) ? 0 : Math.max(0, whole - inUse);
    const stood = replicas.filter(({ before }) => before === node.name).reduce((sum, { needs }) => sum + needs[what], 0);
    return Math.max(careful, Math.min(stood, Math.max(0, whole - (load?.value ?? 0))));
  }

  /** What each of two replicas that exchange data pays for the way between their nodes, a month. */
  const flows = apps.flatMap(({ app, flows: between }) =>
    between.flatMap(({ from, to, bytesPerMonth, asks, hands, borders = [] }) => {
      const [senders, takers] = [from, to].map((name) => replicas.filter(({ unit }) => unit === `${app}/${name}`));
      const part = 1 / ((senders?.length ?? 1) * (takers?.length ?? 1));
      return (senders ?? []).flatMap((sender) =>
        (takers ?? []).map((taker) => ({
          sender,
          taker,
          cost: (one: InventoryNode, other: InventoryNode): number => {
            const { ms, perGigabyte } = leg(one, other);
            const staged = asked(taker.unit).find(([, each]) => each.units.some(({ unit }) => `${app}/${unit}` === sender.unit))?.[1];
            const rows = staged?.units.find(({ unit }) => `${app}/${unit}` === sender.unit)?.rowsPerMonth;
            const reached = isAsked(one, other);
            const mayEnter = (step: InventoryNode): boolean => !borders.some((border) => border.born === one.jurisdiction && border.to === step.jurisdiction);
            const isTaken = !taker.needs.onTheWay || taker.needs.sources.length === 0 || one === other || other.state === "silent" || taker.needs.sources.some(({ site }) => site === one.site);
            if (staged !== undefined && rows !== undefined) return part * (questions(app, staged, taker.needs, rows, one, other) + (reached ? 0 : 1e4));
            const isThere = (asks !== true || reached) && (hands === undefined || (isTaken && isHanded(hands === "here", one, other, mayEnter)));
            return (isThere ? 0 : 1e4 * (hands === undefined ? part : 1)) + (bytesPerMonth / 1e9) * part * perGigabyte + (taker.needs.deferrableHours > 0 ? 0 : part * ms * policy.perMillisecond);
          },
        })),
      );
    }),
  );
  return { nodes, replicas, stands, roomOf, flows };
}
