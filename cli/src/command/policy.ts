/** `holon policy test|explain|show|set` */
import { readFile } from "node:fs/promises";
import { HolonError } from "@holon/core/errors.ts";
import { compilePolicy, printRequest } from "@holon/core/policy/compile.ts";
import { policyDoubts } from "@holon/core/policy/doubts.ts";
import { checkExpectations, explain } from "@holon/core/policy/explain.ts";
import { parseAdopted, parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { Expectation, Policy } from "@holon/core/policy/policy.ts";
import { z } from "zod";
import { connectApi, type Client, type ClientOptions } from "../client.ts";
import { printTable } from "../table.ts";
import { warn } from "../warn.ts";

const policySchema = z.object({ name: z.string(), version: z.number(), hash: z.string(), adoptedAt: z.string(), text: z.string() });

async function readPolicyFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new HolonError("HOLON_ARGUMENT_BAD", `the policy ${path} cannot be read`, { cause, next: "Name a text file; docs/concepts/residency.md shows a whole one." });
  });
}

/** Whether every expectation holds. */
export async function testPolicy(path: string, json: boolean): Promise<boolean> {
  const policy = parsePolicy(await readPolicyFile(path), path);
  const checked = checkExpectations(policy);
  const isMet = checked.every(({ holds }) => holds);
  if (json) {
    const rows = checked.map(({ expectation, decision, holds }) => ({ line: expectation.line, request: printRequest(expectation.request), expected: wordOf(expectation), ...decision, holds }));
    process.stdout.write(`${JSON.stringify({ name: policy.name, version: policy.version, rules: policy.rules.length, expectations: rows, holds: isMet, warnings: policyDoubts(policy) })}\n`);
    return isMet;
  }
  const rows = checked.map(({ expectation, decision, holds }) => [holds ? "ok" : "NOT MET", `${expectation.line}`, wordOf(expectation), wordOf(decision), printRequest(expectation.request)]);
  if (rows.length > 0) process.stdout.write(`${printTable(["", "LINE", "EXPECTED", "DECIDED", "REQUEST"], rows)}\n`);
  process.stdout.write(`${policy.name} ${policy.version}: ${policy.rules.length} rules, ${checked.filter(({ holds }) => holds).length} of ${checked.length} expectations hold\n`);
  warn(policyDoubts(policy));
  return isMet;
}

const wordOf = ({ allow, wantsApproval, rule }: Pick<Expectation, "allow" | "wantsApproval"> & { readonly rule?: string | undefined }): string => `${allow ? "allow" : wantsApproval === true ? "approve" : "deny"}${rule === undefined ? "" : ` ${rule}`}`;

export interface ExplainOptions {
  readonly file?: string;
  readonly json?: boolean;
  readonly who: string;
  readonly does: string;
  readonly what?: string;
  readonly class?: string;
  readonly into?: string;
  readonly from?: string;
  readonly to?: string;
  readonly through?: string;
  readonly when?: readonly string[];
}

/** Asks a policy, that of a file or that of the fleet, and says why it answers so, rule by rule. */
export async function explainDecision(api: ClientOptions, options: ExplainOptions): Promise<void> {
  const policy = options.file === undefined ? parseAdopted((await heldPolicy(await connectApi(api))).text, "the fleet's policy") : parsePolicy(await readPolicyFile(options.file), options.file);
  const request = requestOf(options);
  const { decision, rules } = explain(compilePolicy(policy), request);
  if (options.json === true) {
    const rows = rules.map(({ rule, mismatch }) => ({ rule: rule.name, effect: rule.effect, line: rule.line, fits: mismatch === undefined, ...(mismatch === undefined ? {} : { mismatch }) }));
    process.stdout.write(`${JSON.stringify({ request: printRequest(request), ...decision, rules: rows })}\n`);
    return;
  }
  process.stdout.write(`${wordOf({ ...decision, rule: undefined })}: ${decision.reason}\n`);
  const rows = rules.map(({ rule, mismatch }) => [rule.line === 0 ? "-" : `${rule.line}`, rule.effect, rule.name, mismatch === undefined ? "fits" : `not: ${mismatch}`]);
  process.stdout.write(`${printTable(["LINE", "EFFECT", "RULE", "FOR THIS"], rows)}\n`);
}

/** The arguments as an expectation of the policy's own language, so that both read alike and are checked alike. */
function requestOf({ who, does, what, class: own, into, from, to, through, when = [] }: ExplainOptions): Expectation["request"] {
  const clauses = Object.entries({ who, does, what, class: own, into, from, to, through }).flatMap(([word, value]) => (value === undefined ? [] : [`  ${word} ${oneLine(value)}`]));
  const facts = when.map((fact) => `  when ${oneLine(fact.replace("=", " "))}`);
  try {
    const [expectation] = parsePolicy(["policy question 1", "expect deny", ...clauses, ...facts].join("\n")).expectations;
    if (expectation !== undefined) return expectation.request;
  } catch (error) {
    if (!(error instanceof HolonError)) throw error;
    throw new HolonError("HOLON_ARGUMENT_BAD", error.message.replace(/^policy, line \d+: /, ""), { next: error.next });
  }
  throw new HolonError("HOLON_ARGUMENT_BAD", "there is nothing to explain");
}

const oneLine = (value: string): string => value.replace(/[\r\n#]+/g, " ");

const heldPolicy = (client: Client): Promise<z.infer<typeof policySchema>> => client.get("/v1/policy", policySchema);

export async function showPolicy(client: Client, json: boolean): Promise<void> {
  const held = await heldPolicy(client);
  if (json) return void process.stdout.write(`${JSON.stringify(held)}\n`);
  process.stderr.write(`${held.name} ${held.version}, adopted ${held.adoptedAt}, sha-256 ${held.hash}\n`);
  process.stdout.write(held.text.endsWith("\n") ? held.text : `${held.text}\n`);
}

export async function setPolicy(client: Client, path: string, json: boolean): Promise<void> {
  const text = await readPolicyFile(path);
  const policy: Policy = parsePolicy(text, path); // here first, so that messages name the file
  const held = await client.send("PUT", "/v1/policy", { text }, policySchema.extend({ warnings: z.array(z.string()).default([]) }));
  process.stdout.write(json ? `${JSON.stringify(held)}\n` : `${policy.name} ${policy.version} is in force with the next document of each node, sha-256 ${held.hash}\n`);
  warn(held.warnings);
}
