/**
 * Where a chain of layers is cut between the nodes of a way: gateway, edge, cloud. Dynamic programming over (node, layer): what stands before a cut costs the same whatever comes behind it.
 * Without a bound of latency one best is kept at each; with one all that are not both slower and dearer than another.
 *
 *     rows ─▶ node 0: layers 0…a ─way 0─▶ node 1: layers a…b ─way 1─▶ node 2: layers b…n ─▶ answer, back over all ways that were used
 *
 * Neurosurgeon (Kang and others, ASPLOS 2017) cuts once in this manner, by measured layers; a way of several nodes is the same with one more dimension.
 */

export interface ChainNode {
  readonly name: string;
  /** Milliseconds that each layer takes here for one row. */
  readonly layerMs: readonly number[];
  /** Of a processor, in money. */
  readonly perProcessorHour: number;
}

/** From one node to the next. */
export interface ChainWay {
  /** One way. */
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
  readonly perGigabyte: number;
}

export interface Chain {
  /** Bytes of a row that cross where it is cut before layer k; 0: the row itself; the last: the answer. */
  readonly bytes: readonly number[];
  /** Layers before which it may be cut, ascending; 0: nothing is done before. All may be done before. */
  readonly cuts: readonly number[];
  /** The first is where the rows are. */
  readonly nodes: readonly ChainNode[];
  /** One less than nodes. */
  readonly ways: readonly ChainWay[];
  readonly rowsPerMonth: number;
  /** What a millisecond until the answer is worth, a month. */
  readonly perMillisecond: number;
  readonly latencyMsMax?: number | undefined;
}

export interface ChainPlan {
  /** Of each node but the last, the layer before which it ends; all layers: what is behind has nothing to do. */
  readonly ends: readonly number[];
  /** A month. */
  readonly cost: number;
  /** From the row to its answer. */
  readonly latencyMs: number;
  /** Of a row, over all ways, the answer back included. */
  readonly bytes: number;
}

interface Label {
  readonly cost: number;
  readonly latencyMs: number;
  readonly bytes: number;
  readonly ends: readonly number[];
}

/** The cheapest; undefined where none keeps the bound. Of equals the one that does more near the rows. */
export function cheapestCut(chain: Chain): ChainPlan | undefined {
  const { nodes, bytes, cuts } = chain;
  const layers = bytes.length - 1;
  const places = [...new Set([...cuts, layers])].sort((a, b) => a - b);
  /** By the layer before which the nodes so far end. */
  let open = new Map<number, readonly Label[]>([[0, [{ cost: 0, latencyMs: 0, bytes: 0, ends: [] }]]]);
  const done: Label[] = [];
  for (const [index] of nodes.entries()) {
    const next = new Map<number, readonly Label[]>();
    for (const [begin, labels] of open) {
      for (const end of places) {
        if (end < begin || (index === nodes.length - 1 && end < layers)) continue;
        const step = stepOf(chain, index, begin, end);
        const after = labels.map((label) => added(label, step, end));
        if (end === layers) done.push(...after);
        else next.set(end, best([...(next.get(end) ?? []), ...after], chain));
      }
    }
    open = next;
  }
  const within = done.filter(({ latencyMs }) => chain.latencyMsMax === undefined || latencyMs <= chain.latencyMsMax);
  const [cheapest] = within.toSorted((a, b) => a.cost - b.cost || compare(b.ends, a.ends));
  if (cheapest === undefined) return undefined;
  const ends = Array.from({ length: nodes.length - 1 }, (_, index) => cheapest.ends[index] ?? layers);
  return { ends, cost: cheapest.cost, latencyMs: cheapest.latencyMs, bytes: cheapest.bytes };
}

/** What these ends come to, whoever chose them. */
export function costOfCut(chain: Chain, ends: readonly number[]): ChainPlan {
  const layers = chain.bytes.length - 1;
  let label: Label = { cost: 0, latencyMs: 0, bytes: 0, ends: [] };
  let begin = 0;
  for (const index of chain.nodes.keys()) {
    const end = ends[index] ?? layers;
    label = added(label, stepOf(chain, index, begin, end), end);
    if (end === layers) break;
    begin = end;
  }
  return { ends, cost: label.cost, latencyMs: label.latencyMs, bytes: label.bytes };
}

type Step = Pick<Label, "cost" | "latencyMs" | "bytes">;

/** Layers on a node, and the way to the next where it is not the last that has something to do; the answer comes back by it. */
function stepOf({ nodes, ways, bytes, rowsPerMonth, perMillisecond }: Chain, index: number, begin: number, end: number): Step {
  const node = nodes[index];
  let ms = 0;
  for (let layer = begin; layer < end; layer++) ms += node?.layerMs[layer] ?? 0;
  const onNode = (rowsPerMonth * ms * (node?.perProcessorHour ?? 0)) / 3_600_000;
  const way = end === bytes.length - 1 ? undefined : ways[index];
  if (way === undefined) return { cost: onNode + ms * perMillisecond, latencyMs: ms, bytes: 0 };
  const crossing = (bytes[end] ?? 0) + (bytes.at(-1) ?? 0);
  const wayMs = 2 * way.latencyMs + (1000 * crossing) / way.bytesPerSecond;
  return { cost: onNode + (ms + wayMs) * perMillisecond + (rowsPerMonth * crossing * way.perGigabyte) / 1e9, latencyMs: ms + wayMs, bytes: crossing };
}

const added = (label: Label, step: Step, end: number): Label => ({ cost: label.cost + step.cost, latencyMs: label.latencyMs + step.latencyMs, bytes: label.bytes + step.bytes, ends: [...label.ends, end] });

/** Those to which no other is better in both. */
function best(labels: readonly Label[], { latencyMsMax }: Chain): readonly Label[] {
  const inOrder = labels.toSorted((a, b) => a.cost - b.cost || a.latencyMs - b.latencyMs || compare(b.ends, a.ends));
  if (latencyMsMax === undefined) return inOrder.slice(0, 1);
  const kept: Label[] = [];
  for (const label of inOrder) if (label.latencyMs <= latencyMsMax && label.latencyMs < (kept.at(-1)?.latencyMs ?? Number.POSITIVE_INFINITY)) kept.push(label);
  return kept;
}

const compare = (a: readonly number[], b: readonly number[]): number => {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - (b[index] ?? 0);
  return 0;
};
