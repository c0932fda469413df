/**
 * Suite `guard`: a decision with a thousand rules, one that was asked before and one that was not, beside a loop of plain arithmetic in the same
 * rounds; and the guard's word on a run beside the durable append of that run.
 */
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { createEvents } from "@holon/node/event/events.ts";
import { createGuard } from "@holon/node/policy/guard.ts";
import { createClock } from "@holon/platform/clock.ts";
import { integrity, openBenchLog } from "./bench-log.ts";
import { inBatches, makeRecords } from "./records.ts";
import { contender, repeated, runInTurns } from "./rounds.ts";
import { round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const rules = 1_000;
const places = ["EU/DE", "EU/FR", "EU/AT", "EU/PL", "CH", "NO", "US/CA", "US/NY", "JP", "IN"] as const;
const batch = 100;
/** 20 us at the 99th percentile where the loop takes 10; a tenth of an append. */
const aims = { guardDecisionP99VsLoop: 2, guardFirstDecisionP99VsLoop: 2, guardRunVsAppend: 0.1 };

export const guardSuite: Suite = {
  measures: `a decision with ${rules} rules beside a loop of plain arithmetic; the guard's word on a run beside its append`,
  async run(context) {
    const decisions = await measureDecisions(context);
    const runs = await measureRuns(context);
    return { figures: { ...decisions.figures, ...runs.figures }, ratios: { ...decisions.ratios, ...runs.ratios }, aims };
  },
};

/** Half of the rules name places, the rest nodes, functions and routes; one in ten forbids. */
function thousandRules(): string {
  const place = (index: number): string => places[index % places.length] ?? "EU";
  const statements = Array.from({ length: rules }, (_, index) => {
    const effect = index % 10 === 9 ? "forbid" : "permit";
    const who = index % 4 === 0 ? `node gateway-${index}` : "node *";
    if (index % 2 === 0) return `${effect} r${index}\n  who ${who}\n  does leave\n  class ${index % 3 === 0 ? "derived" : "aggregate"}\n  from ${place(index)}\n  to ${place(Math.floor(index / 10))}${index % 8 === 0 ? "\n  through aggregate count 20" : ""}`;
    return `${effect} r${index}\n  who ${index % 3 === 0 ? `function app-${index}/*` : `person p${index}`}\n  does ${index % 3 === 0 ? "use" : "call"}\n  what ${index % 3 === 0 ? "model/*" : "GET/v1/*"}`;
  });
  return `policy bench 1\n${statements.join("\n")}\n`;
}

async function measureDecisions({ seconds, say }: SuiteContext): Promise<SuiteResult> {
  const startMs = performance.now();
  const compiled = compilePolicy(parsePolicy(thousandRules()));
  const compileMs = performance.now() - startMs;
  const again = contender(repeated(() => void ask(compiled, turn++ % 512, "gateway-1")));
  const fresh = contender(repeated(() => void ask(compiled, turn, `gateway-${turn++}`)));
  const loop = contender(repeated(() => void arithmetic()));
  let turn = 0;
  await runInTurns([again, fresh, loop], { seconds });
  const [known, first, bare] = [again.measured(), fresh.measured(), loop.measured()];
  say(`again: p50 ${round(known.p50Ms * 1e3)} us, p99 ${round(known.p99Ms * 1e3)} us; first: p50 ${round(first.p50Ms * 1e3)}, p99 ${round(first.p99Ms * 1e3)}; loop: p50 ${round(bare.p50Ms * 1e3)}, p99 ${round(bare.p99Ms * 1e3)}`);
  return {
    figures: { guardCompileMs: compileMs, guardDecisionUsP50: known.p50Ms * 1e3, guardDecisionUsP99: known.p99Ms * 1e3, guardFirstDecisionUsP50: first.p50Ms * 1e3, guardFirstDecisionUsP99: first.p99Ms * 1e3, guardLoopUsP50: bare.p50Ms * 1e3, guardLoopUsP99: bare.p99Ms * 1e3 },
    ratios: { guardDecisionVsLoop: known.p50Ms / bare.p50Ms, guardFirstDecisionVsLoop: first.p50Ms / bare.p50Ms, guardDecisionP99VsLoop: known.p99Ms / bare.p99Ms, guardFirstDecisionP99VsLoop: first.p99Ms / bare.p99Ms },
  };
}

const ask = ({ decide }: CompiledPolicy, index: number, name: string): boolean =>
  decide({ kind: "node", name }, "leave", { name: "data", class: index % 3 === 0 ? "derived" : "aggregate", jurisdiction: places[index % places.length] }, { destination: places[Math.floor(index / 10) % places.length], through: { kind: "aggregate", count: 20 } }).allow;

/** The same work on every machine: ten thousand multiplications, each with the result of the last. */
function arithmetic(): number {
  let value = 1;
  for (let index = 0; index < 10_000; index++) value = Math.imul(value, 1_664_525) + 1_013_904_223;
  return value;
}

async function measureRuns({ folder, seconds, say }: SuiteContext): Promise<SuiteResult> {
  const log = await openBenchLog(folder);
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  const guard = createGuard({ config: { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: { jurisdiction: "EU/FR" } }, log, clock: createClock(), events, integrity });
  const text = `${thousandRules()}permit all\n  who node *\n  does leave\n  class derived aggregate\n  from *\n  to *\n`;
  const hash = Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex");
  guard.follow({ apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version: 1, plan: "plan", apps: [], policy: { text, hash } });
  const batches = inBatches(makeRecords(4_000, "data"), batch);
  for (const records of batches) await log.append({ records });
  const runs = await log.readRuns({ origin: log.origin, stream: "data" }, 1, 64 << 20);
  const mayLeave = guard.towards("EU/FR");
  let turn = 0;
  const next = <Item>(items: readonly Item[], take: (item: Item) => Promise<unknown>) => (): Promise<unknown> => {
    const item = items[turn++ % items.length];
    return item === undefined ? Promise.resolve() : take(item);
  };
  const append = contender(repeated(next(batches, (records) => log.append({ records }))));
  const word = contender(repeated(next(runs, mayLeave)));
  await runInTurns([append, word], { seconds });
  await log.close();
  const [appended, asked] = [append.measured(), word.measured()];
  say(`a run of ${batch}: append ${round(appended.p50Ms * 1e3)} us, the guard's word ${round(asked.p50Ms * 1e3)} us`);
  return { figures: { guardRunUsP50: asked.p50Ms * 1e3, guardRunUsP99: asked.p99Ms * 1e3, guardAppendUsP50: appended.p50Ms * 1e3 }, ratios: { guardRunVsAppend: asked.p50Ms / appended.p50Ms } };
}
