/**
 * Policy text. A statement begins at the margin, its clauses stand below it, indented, one a line; `#` begins a comment.
 *
 *     policy plant 3
 *
 *     permit derived-in-the-union
 *       who   node *
 *       does  leave
 *       class derived aggregate
 *       from  EU
 *       to    EU
 *       because "the works agreement of March"
 *
 *     expect deny
 *       who   node gateway-1
 *       …
 */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { dataClasses, type DataClass } from "../schema/event.ts";
import { jurisdictionPattern } from "./jurisdiction.ts";
import { actions, type Action, type Conditions, type Expectation, type Places, type Policy, type PrincipalPattern, type Rule } from "./policy.ts";
import { isPrincipalKind, principalKinds } from "./principal.ts";
import { parseTransform, parseWanted, transformFigures, type WantedTransform } from "./transform.ts";

interface Line {
  readonly number: number;
  readonly indented: boolean;
  readonly text: string;
}

interface Clauses {
  who: PrincipalPattern[];
  does: Action[];
  what: string[];
  classes: DataClass[];
  into: DataClass[];
  from: Places | undefined;
  to: Places | undefined;
  through: WantedTransform[];
  throughText: string | undefined;
  when: (readonly [string, readonly string[]])[];
  because: string | undefined;
}

type Fail = (message: string, next: string) => never;

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const patternPattern = /^[^\s*]*\*?$/;
const flows: readonly Action[] = ["leave", "share", "ask"];

/** `HOLON_POLICY_BAD`, naming the line and what to write instead. `file` is for messages. */
export function parsePolicy(text: string, file = "policy"): Policy {
  requireSeen(text, file);
  return parse(text, file);
}

/** The rules of a policy that was adopted, by whichever version: what is asked of a text when it is written and tested is not asked again where it decides. `HOLON_POLICY_BAD`. */
export const parseAdopted = (text: string, file = "policy"): Policy => parse(text, file, { isAdopted: true });

function parse(text: string, file: string, { isAdopted = false }: { readonly isAdopted?: boolean } = {}): Policy {
  if (text.length > limits.policyTextMax) fail(file, 1)(`it is longer than ${limits.policyTextMax} characters`, "Merge rules with patterns and nested jurisdictions.");
  const statements = statementsOf(text, file);
  const [head, ...rest] = statements;
  if (head === undefined) return fail(file, 1)("it is empty", "Begin with `policy NAME VERSION`.");
  const { name, version } = parseHead(head, file);
  const rules: Rule[] = [];
  const expectations: Expectation[] = [];
  const lines = new Map<string, number>();
  for (const statement of rest) {
    const [{ number, text: first }] = statement;
    const [word] = first.split(/\s+/);
    if (word === "expect") {
      if (!isAdopted) expectations.push(parseExpectation(statement, file));
    } else if (word === "permit" || word === "forbid" || word === "approve") {
      const rule = parseRule(word, statement, file);
      const before = lines.get(rule.name);
      if (before !== undefined) fail(file, number)(`line ${before} has a rule ${rule.name} already`, "Give each rule a name of its own: decisions are recorded by it.");
      lines.set(rule.name, number);
      rules.push(rule);
    } else fail(file, number)(`\`${word ?? ""}\` begins no statement`, "Begin it with permit, forbid, approve or expect; indent clauses.");
  }
  if (rules.length > limits.policyRulesMax) fail(file, 1)(`it has ${rules.length} rules, ${limits.policyRulesMax} are allowed`, "Merge rules with patterns and nested jurisdictions.");
  for (const { rule, line } of expectations) if (rule !== undefined && rule !== "default" && !lines.has(rule) && !rule.startsWith("base/")) fail(file, line)(`there is no rule ${rule}`, "Name a rule of this file, or leave the name out.");
  return { name, version, rules, expectations };
}

/** Bytes that a person does not see, or that let him see other lines than are read: all that steers a terminal or a page, but for tabs and ends of lines. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** No name has any of these, though it may look as if it had: a rule that forbids somebody, written so, forbids nobody. */
const beyondNames = /[^\x20-\x7e]/u;

function requireSeen(text: string, file: string): void {
  const codeOf = (pattern: RegExp, line: string): string | undefined => pattern.exec(line.replaceAll("\t", " "))?.[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  text.split(/\r?\n/).forEach((line, index) => {
    const at = fail(file, index + 1);
    const hidden = codeOf(unseen, line);
    if (hidden !== undefined) at(`it has the character U+${hidden}, which nobody sees who reads it`, "Write the line anew: letters, blanks and tabs, and an end of line after each.");
    const own = withoutComment(line);
    const alien = /^\s*because\s/.test(own) ? undefined : codeOf(beyondNames, own);
    if (alien !== undefined) at(`it has the character U+${alien}, which no name and no word of a policy has, whatever it looks like`, "Write the line anew in a to z, digits and signs of ASCII; comments and reasons may have any letters.");
  });
}

type Statement = readonly [Line, ...Line[]];

function statementsOf(text: string, file: string): readonly Statement[] {
  const statements: [Line, ...Line[]][] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line: Line = { number: index + 1, indented: /^\s/.test(raw), text: withoutComment(raw).trim() };
    if (line.text === "") return;
    const last = statements.at(-1);
    if (!line.indented) statements.push([line]);
    else if (last === undefined) fail(file, line.number)("a clause stands before the first statement", "Begin with `policy NAME VERSION`, at the margin.");
    else last.push(line);
  });
  return statements;
}

/** A `#` in quotes is none. */
const withoutComment = (line: string): string => /^((?:"[^"]*"|[^"#])*)#/.exec(line)?.[1] ?? line;

function parseHead([line, ...more]: Statement, file: string): Pick<Policy, "name" | "version"> {
  const [word, name = "", version = "", ...rest] = line.text.split(/\s+/);
  const at = fail(file, line.number);
  if (word !== "policy" || rest.length > 0 || more.length > 0 || !namePattern.test(name) || !/^[1-9]\d{0,8}$/.test(version)) return at("it does not begin with its name and version", "Begin with `policy NAME VERSION`, for example `policy plant 3`.");
  return { name, version: Number(version) };
}

function parseRule(effect: Rule["effect"], [line, ...clauses]: Statement, file: string): Rule {
  const at = fail(file, line.number);
  const [, name = "", ...more] = line.text.split(/\s+/);
  if (!namePattern.test(name) || more.length > 0) at(`a rule has one name: ${line.text}`, "Write `permit NAME`, in lower-case letters, digits and hyphens; clauses go below it.");
  const parsed = parseClauses(clauses, file);
  const lacks = (clause: string, next: string): never => at(`rule ${name} has no \`${clause}\``, next);
  if (parsed.who.length === 0) lacks("who", "Say who it is for: `who node *`, or `who any`.");
  if (parsed.does.length === 0) lacks("does", `Say what it is about: does ${actions.join(", ")}.`);
  if (effect === "permit" && parsed.does.some((action) => flows.includes(action))) {
    if (parsed.classes.length === 0) lacks("class", "Say which classes may leave: `class derived aggregate`.");
    if (parsed.from === undefined) lacks("from", "Say where the data was born: `from EU`, or `from *`.");
    if (parsed.to === undefined) lacks("to", "Say where it may go: `to EU`, or `to *`.");
    const never = parsed.classes.find((own) => own === "raw" || own === "personal");
    if (never !== undefined) at(`rule ${name} would let ${never} leave, which never does`, "Lower its class by a declared transform first, and permit what comes of that.");
  }
  const [flow] = parsed.does.filter((action) => action !== "lower");
  if (flow !== undefined && parsed.through.some(({ budget }) => budget !== undefined)) at(`rule ${name} asks for the budget of noise of what is to ${flow}, and no record tells its own`, "Ask for it in a rule of its own, with `does lower`: a budget is known where the noise is made.");
  const unasked = effect === "approve" ? parsed.does.find((action) => action !== "call" && action !== "diagnose") : undefined;
  if (unasked !== undefined) at(`rule ${name} would have ${unasked} approved, for which nobody can wait`, "Write `does call` or `does diagnose`: a person approves what people ask for; forbid or permit the rest.");
  if (effect === "permit" && parsed.does.includes("lower") && parsed.into.length === 0) lacks("into", "Say to which class it may be lowered: `into aggregate`.");
  return { ...conditionsOf(parsed), effect, name, line: line.number, because: parsed.because };
}

function parseExpectation([line, ...clauses]: Statement, file: string): Expectation {
  const at = fail(file, line.number);
  const [, word, rule, ...more] = line.text.split(/\s+/);
  if ((word !== "allow" && word !== "deny" && word !== "approve") || more.length > 0) at(`an expectation is allow, deny or approve: ${line.text}`, "Write `expect allow RULE` or `expect deny`.");
  const parsed = parseClauses(clauses, file);
  const [who] = parsed.who;
  const [action] = parsed.does;
  const one = (values: readonly unknown[] | undefined, clause: string): void => {
    if (values !== undefined && values.length > 1) at(`an expectation is about one request: ${clause} has ${values.length} values`, "Write one expectation for each.");
  };
  for (const [clause, values] of [["who", parsed.who], ["does", parsed.does], ["what", parsed.what], ["class", parsed.classes], ["into", parsed.into], ["from", parsed.from?.names], ["to", parsed.to?.names]] as const) one(values, clause);
  for (const [fact, values] of parsed.when) one(values, `when ${fact}`);
  for (const [clause, places] of [["from", parsed.from], ["to", parsed.to]] as const) {
    if (places?.outside === true) at(`an expectation is about one place, and \`${clause} outside ${places.names.join(" ")}\` are many`, `Name one that lies there, for example \`${clause} US\`.`);
  }
  if (who === undefined || who.kind === "any" || who.name.endsWith("*")) return at("an expectation is about one principal", "Say who asks: `who node gateway-1`.");
  if (action === undefined) return at("an expectation is about one action", `Say what is asked: does ${actions.join(", ")}.`);
  const through = parsed.throughText === undefined ? undefined : parseTransform(parsed.throughText);
  if (parsed.throughText !== undefined && through === undefined) at(`${parsed.throughText} is no transform of an event`, "Give its figure, for example `through aggregate count 10`.");
  const facts = Object.fromEntries(parsed.when.map(([fact, values]) => [fact, values[0] ?? ""]));
  return {
    allow: word === "allow",
    wantsApproval: word === "approve",
    rule,
    line: line.number,
    request: {
      principal: { kind: who.kind, name: who.name },
      action,
      resource: { name: parsed.what[0] ?? "", class: parsed.classes[0], jurisdiction: placeOf(parsed.from), into: parsed.into[0] },
      context: { destination: placeOf(parsed.to), through, facts },
    },
  };
}

/** `*` in an expectation: somewhere, and nobody knows where. */
const placeOf = (places: Places | undefined): string | undefined => (places?.names[0] === "*" ? undefined : places?.names[0]);

const conditionsOf = ({ who, does, what, classes, into, from, to, through, when }: Clauses): Conditions => ({ who, does, what, classes, into, from, to, through, when });

function parseClauses(lines: readonly Line[], file: string): Clauses {
  const clauses: Clauses = { who: [], does: [], what: [], classes: [], into: [], from: undefined, to: undefined, through: [], throughText: undefined, when: [], because: undefined };
  const seen = new Set<string>();
  for (const { number, text } of lines) {
    const at = fail(file, number);
    const [word = "", ...values] = text.split(/\s+/);
    const key = word === "when" ? `when ${values[0] ?? ""}` : word;
    if (seen.has(key)) at(`\`${key}\` stands twice in one statement`, "Give all its values in one line.");
    seen.add(key);
    if (values.length === 0) at(`\`${word}\` has no value`, "Give it a value, or leave the line out.");
    if (values.length > limits.policyValuesMax) at(`\`${word}\` has ${values.length} values, ${limits.policyValuesMax} are allowed`, "Use a pattern, or several rules.");
    parseClause(clauses, word, values, text, at);
  }
  return clauses;
}

function parseClause(clauses: Clauses, word: string, values: readonly string[], text: string, at: Fail): void {
  if (word === "who") clauses.who = parseWho(values, at);
  else if (word === "does") clauses.does = values.map((value) => oneOf(value, actions, "action", at));
  else if (word === "what") clauses.what = values.map((value) => (patternPattern.test(value) ? value : at(`${value} is no name or pattern`, "A `*` stands at the end of a pattern only.")));
  else if (word === "class") clauses.classes = values.map((value) => oneOf(value, dataClasses, "class", at));
  else if (word === "into") clauses.into = values.map((value) => oneOf(value, dataClasses, "class", at));
  else if (word === "from") clauses.from = parsePlaces(values, at);
  else if (word === "to") clauses.to = parsePlaces(values, at);
  else if (word === "through") {
    clauses.throughText = values.join(" ");
    clauses.through = clauses.throughText.split(",").map((part) => parseWanted(part.trim().split(/\s+/)) ?? at(`${part.trim()} is no transform`, `Use ${transformWords}; separate several by commas.`));
  } else if (word === "when") {
    const [fact = "", ...wanted] = values;
    if (wanted.length === 0) at(`\`when ${fact}\` has no value`, "Write the fact and the values that it may have: `when role operator owner`.");
    clauses.when.push([fact, wanted]);
  } else if (word === "because") {
    const quoted = /^because\s+"([^"]{1,256})"$/.exec(text);
    clauses.because = quoted?.[1] ?? at("a reason stands in quotes, in one line", 'Write `because "…"`, up to 256 characters.');
  } else at(`\`${word}\` is no clause`, "Use who, does, what, class, into, from, to, through, when or because.");
}

const transformWords = Object.entries(transformFigures).map(([kind, figure]) => (figure === undefined ? kind : `${kind} ${figure.word} N${kind === "noise" ? " budget N" : ""}`)).join(", ");

/** `any`, or pairs of a kind and a name or pattern. */
function parseWho(values: readonly string[], at: Fail): PrincipalPattern[] {
  if (values.length === 1 && values[0] === "any") return [{ kind: "any", name: "*" }];
  const patterns: PrincipalPattern[] = [];
  for (let index = 0; index < values.length; index += 2) {
    const [kind = "", name] = values.slice(index, index + 2);
    if (!isPrincipalKind(kind)) return at(`${kind} is no kind of principal`, `Use any, or pairs of a kind (${principalKinds.join(", ")}) and a name: \`who node gateway-1 function pump-watch/*\`.`);
    if (name === undefined || !patternPattern.test(name)) return at(`\`who ${kind}\` lacks a name`, `Name it, or write \`who ${kind} *\`.`);
    patterns.push({ kind, name });
  }
  return patterns;
}

function parsePlaces(values: readonly string[], at: Fail): Places {
  const outside = values[0] === "outside";
  const names = outside ? values.slice(1) : values;
  if (names.length === 0 || (outside && names.includes("*"))) at("`outside` needs jurisdictions to be outside of", "Write `to outside EU`.");
  for (const name of names) if (name !== "*" && !jurisdictionPattern.test(name)) at(`${name} is no jurisdiction`, "Write capital letters, nested by slashes: EU, EU/DE, US/CA; or `*`.");
  return { outside, names };
}

function oneOf<Word extends string>(value: string, words: readonly Word[], what: string, at: Fail): Word {
  return words.find((word) => word === value) ?? at(`${value} is no ${what}`, `Use ${words.join(", ")}.`);
}

const fail =
  (file: string, line: number): Fail =>
  (message, next) => {
    throw new HolonError("HOLON_POLICY_BAD", `${file}, line ${line}: ${message}`, { next });
  };
