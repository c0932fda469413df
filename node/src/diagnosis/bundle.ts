/** The support bundle: what somebody needs who has only this. Each file is made of what may be told, and read once more for secrets as a whole. */
import { tellConfiguration } from "@holon/core/diagnosis/configuration.ts";
import type { LogLine } from "@holon/core/diagnosis/ask.ts";
import { diagnosisBounds } from "@holon/core/diagnosis/bounds.ts";
import { printLine } from "@holon/core/diagnosis/print-line.ts";
import type { Bundle } from "@holon/core/diagnosis/results.ts";
import type { Redactor } from "@holon/core/diagnosis/redact.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { HealthReport } from "./report.ts";


export interface BundleParts {
  readonly report: HealthReport;
  readonly config: NodeConfig;
  readonly lines: readonly LogLine[];
  readonly metrics: unknown;
  readonly alarms: unknown;
}

const about = `What is here was told by the node itself. Secrets that it knows, and what looks like one, stand as [secret]; what
functions said of their data, and whatever is raw or personal, was left on the node. Read it before you hand it on.

report.json         health: findings, link, disk, clock, machine, functions, sources, policy
findings.txt        what is wrong, and what to do
configuration.json  its holon.node.yaml: figures and names; of other text only how long it is
log.txt             the last lines of its log
metrics.json        what it measures of itself, now
alarms.json         its last alarms
`;

export function makeBundle({ report, config, lines, metrics, alarms }: BundleParts, redactor: Redactor): Bundle {
  const json = (value: unknown): string => `${JSON.stringify(redactor.value(value ?? null), undefined, 2)}\n`;
  const findings = report.findings.map(({ state, check, says, next }) => `${state.padEnd(4)}  ${check}  ${says}${next === undefined ? "" : `\n      next: ${next}`}\n`).join("");
  const files = [
    { path: "about.txt", text: about },
    { path: "report.json", text: json(report) },
    { path: "findings.txt", text: redactor.text(findings) },
    { path: "configuration.json", text: json(tellConfiguration(config)) },
    { path: "log.txt", text: newest(lines.map((line) => `${printLine(line)}\n`), diagnosisBounds.resultBytesMax / 4) },
    { path: "metrics.json", text: json(metrics) },
    { path: "alarms.json", text: json(alarms) },
  ];
  return { node: report.node, asOf: report.asOf, files };
}

/** The last of them that have room. */
function newest(texts: readonly string[], charactersMax: number): string {
  let characters = 0;
  const first = texts.findLastIndex((text) => (characters += text.length) > charactersMax);
  return texts.slice(first + 1).join("");
}
