import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dataClasses } from "../schema/event.ts";
import { baseRules, compilePolicy } from "./compile.ts";
import { checkExpectations, explain } from "./explain.ts";
import { policyFromEgress } from "./from-egress.ts";
import { mismatch } from "./match.ts";
import { parseAdopted, parsePolicy } from "./parse-policy.ts";
import { actions, type Request } from "./policy.ts";
import { parseTransform, printOnEvent, type Transform } from "./transform.ts";
import { policyText, request } from "./testing/policies.ts";

const text = `policy plant 3

# The works agreement of March.
permit derived-in-the-union
  who   node *
  does  leave share
  class derived aggregate
  from  EU
  to    EU
  because "a reason # with a sign"

permit totals-to-america
  who     node *
  does    leave
  class   aggregate
  from    EU
  to      US
  through aggregate count 20, noise epsilon 0.5

forbid bavaria-stays
  who  any
  does leave
  from EU/DE/BY
  to   outside EU/DE

permit people-read
  who  person * token reader
  does call
  what GET/v1/*
  when role viewer operator

expect allow derived-in-the-union
  who node gateway-1
  does leave
  class derived
  from EU/AT
  to EU/FR
expect deny bavaria-stays
  who node gateway-1
  does leave
  class derived
  from EU/DE/BY
  to EU/FR
expect deny default
  who node gateway-1
  does leave
  class aggregate
  from EU/AT
  to US/CA
  through aggregate count 19
expect allow totals-to-america
  who node gateway-1
  does leave
  class aggregate
  from EU/AT
  to US/CA
  through aggregate count 20
expect deny
  who person anna
  does call
  what POST/v1/link/cut
  when role auditor
expect allow people-read
  who person anna
  does call
  what GET/v1/nodes
  when role operator
`;

test("a policy decides as it reads, and holds its own expectations", () => {
  const policy = parsePolicy(text);
  assert.deepEqual([policy.name, policy.version, policy.rules.length], ["plant", 3, 4]);
  for (const { expectation, decision, holds } of checkExpectations(policy)) assert.ok(holds, `line ${expectation.line}: ${decision.reason}`);
});

test("a reason names the rule, its line, the request and why it is there", () => {
  const { decide } = compilePolicy(parsePolicy(text));
  const decision = decide({ kind: "node", name: "gateway-1" }, "leave", { name: "data", class: "derived", jurisdiction: "EU/AT" }, { destination: "EU/FR" });
  assert.equal(decision.reason, "rule derived-in-the-union of policy plant 3, line 4, permits node gateway-1 leave data of class derived from EU/AT to EU/FR: a reason # with a sign");
});

test("what a permit of a flow leaves out is not parsed, and what a forbid leaves out asks nothing", () => {
  const flow = ["  class derived", "  from *", "  to *"];
  const permit = (clauses: readonly string[], does: string): string => ["policy p 1", "permit x", "  who node *", `  does ${does}`, ...clauses, ""].join("\n");
  for (const does of ["leave", "share", "ask"]) {
    parsePolicy(permit(flow, does));
    for (const left of flow) assert.throws(() => parsePolicy(permit(flow.filter((clause) => clause !== left), does)), { code: "HOLON_POLICY_BAD" }, `${does} without${left}`);
  }
  assert.throws(() => parsePolicy(permit(["  class raw"], "lower")), { code: "HOLON_POLICY_BAD", message: /no `into`/ });
  const node = { kind: "node", name: "gateway-1" } as const;
  const { decide } = compilePolicy(parsePolicy(`${permit(flow, "leave")}forbid y\n  who any\n  does leave\n`));
  assert.equal(decide(node, "leave", { name: "data", class: "derived", jurisdiction: "EU" }, { destination: "EU" }).rule, "y");
});

test("what a request does not say never helps it", () => {
  const { decide } = compilePolicy(parsePolicy(text));
  const node = { kind: "node", name: "gateway-1" } as const;
  assert.equal(decide(node, "leave", { name: "data", class: "derived", jurisdiction: "EU/AT" }, {}).allow, false);
  assert.equal(decide(node, "leave", { name: "data", class: "derived" }, { destination: "EU" }).allow, false);
  assert.equal(decide(node, "leave", { name: "data", jurisdiction: "EU/AT" }, { destination: "EU" }).allow, false);
  assert.equal(decide(node, "leave", { name: "data", class: "aggregate", jurisdiction: "EU/AT" }, { destination: "US" }).allow, false);
  // `EU` may be `EU/DE/BY`, so that what forbids that holds; a permit for the part is none for the whole.
  assert.equal(decide(node, "leave", { name: "data", class: "derived", jurisdiction: "EU" }, { destination: "EU/FR" }).rule, "bavaria-stays");
});

test("raw and personal never leave, public does unless a policy forbids it", () => {
  const { decide } = compilePolicy(parsePolicy("policy open 1\npermit all\n  who any\n  does leave\n  class derived aggregate public\n  from *\n  to *\n"));
  const leave = (own: (typeof dataClasses)[number]) => decide({ kind: "node", name: "a" }, "leave", { name: "data", class: own, jurisdiction: "EU" }, { destination: "US" });
  assert.deepEqual(dataClasses.map((own) => leave(own).allow), [false, false, true, true, true]);
  assert.equal(leave("raw").rule, "base/raw-stays");
  const shut = compilePolicy(parsePolicy("policy shut 1\nforbid all\n  who any\n  does leave\n"));
  assert.equal(shut.decide({ kind: "node", name: "a" }, "leave", { name: "audit", class: "public" }, {}).rule, "all");
});

test("a source is opened as what it says it is: less than raw by a permit that names the class alone", () => {
  const opens = (clauses: readonly string[]) => {
    const { decide } = compilePolicy(parsePolicy(["policy p 1", "permit apps", "  who node *", "  does run open use", ...clauses].join("\n")));
    return dataClasses.filter((own) => decide({ kind: "node", name: "a" }, "open", { name: "host/leak/host", class: own }, {}).allow);
  };
  assert.deepEqual(opens([]), ["raw", "personal"]);
  assert.deepEqual(opens(["permit weather", "  who node *", "  does open", "  what host/*", "  class public"]).toSorted(), ["personal", "public", "raw"]);
  assert.deepEqual(opens(["forbid no-cameras", "  who any", "  does open"]), [], "what a forbid leaves out asks nothing");
  const { decide } = compilePolicy(policyFromEgress([]));
  assert.deepEqual(dataClasses.filter((own) => !decide({ kind: "node", name: "a" }, "open", { name: "host/leak/host", class: own }, {}).allow), [], "without a policy manifests decide");
});

test("what is compiled decides as the clauses read one by one, however the rules stand, and the same each time", () => {
  fc.assert(
    fc.property(policyText, fc.array(request, { minLength: 1, maxLength: 20 }), (source, requests) => {
      const policy = parsePolicy(source);
      const compiled = compilePolicy(policy);
      const rules = [...baseRules.rules, ...policy.rules, ...baseRules.after];
      for (const asked of [...requests, ...requests]) {
        const plain = (effect: string) => rules.find((rule) => rule.effect === effect && mismatch(rule, asked) === undefined);
        const forbidding = plain("forbid");
        const permitting = plain("permit");
        const approving = permitting && plain("approve");
        const expected = forbidding ?? approving ?? permitting;
        const { allow, rule, wantsApproval = false } = compiled.decide(asked.principal, asked.action, asked.resource, asked.context);
        const wanted = { allow: expected !== undefined && expected === permitting, rule: expected?.name ?? "default", wantsApproval: expected !== undefined && expected === approving };
        assert.deepEqual({ allow, rule, wantsApproval }, wanted);
        const explained = explain(compiled, asked);
        assert.equal(explained.decision.rule, rule);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("another forbid never lets more through, another permit never less", () => {
  fc.assert(
    fc.property(policyText, policyText, request, (source, more, asked: Request) => {
      const ask = (rules: readonly string[]) => compilePolicy(parsePolicy(["policy both 1", ...rules].join("\n"))).decide(asked.principal, asked.action, asked.resource, asked.context).allow;
      const of = (from: string, effect: string, suffix: string) => from.split(/\n(?=permit|forbid|approve)/).filter((part) => part.startsWith(effect)).map((part) => part.replace(/^(\w+ \S+)/, `$1-${suffix}`));
      const all = [...of(source, "permit", "a"), ...of(source, "forbid", "a")];
      assert.ok(!ask([...all, ...of(more, "forbid", "b")]) || ask(all));
      assert.ok(!ask(all) || ask([...all, ...of(more, "permit", "b")]));
    }),
    { numRuns: 500 },
  );
});

test("a text that does not parse says where, what and what to do", () => {
  const head = "policy p 1\n";
  const cases: readonly (readonly [text: string, message: RegExp, next: RegExp])[] = [
    ["", /line 1: it is empty/, /policy NAME VERSION/],
    ["policy p\n", /line 1: .*name and version/, /plant 3/],
    ["  who any\n", /line 1: a clause stands before/, /margin/],
    [`${head}allow x\n`, /line 2: `allow` begins no statement/, /permit, forbid, approve or expect/],
    [`${head}approve x\n  who any\n  does run\n`, /rule x would have run approved/, /does call/],
    [`${head}permit x\n  does call\n`, /line 2: rule x has no `who`/, /who node/],
    [`${head}permit x\n  who any\n`, /line 2: rule x has no `does`/, /leave/],
    [`${head}permit x\n  who any\n  does fly\n`, /line 4: fly is no action/, /leave, share/],
    [`${head}permit x\n  who robot *\n  does call\n`, /line 3: robot is no kind/, /node, function/],
    [`${head}permit x\n  who node\n  does call\n`, /line 3: `who node` lacks a name/, /who node \*/],
    [`${head}permit x\n  who any\n  does leave\n  from EU\n  to EU\n`, /no `class`/, /derived aggregate/],
    [`${head}permit x\n  who any\n  does leave\n  class derived\n  to EU\n`, /no `from`/, /from EU/],
    [`${head}permit x\n  who any\n  does leave\n  class derived\n  from EU\n`, /no `to`/, /to EU/],
    [`${head}permit x\n  who any\n  does leave\n  class raw\n  from EU\n  to EU\n`, /let raw leave/, /transform/],
    [`${head}permit x\n  who any\n  does lower\n  class raw\n`, /no `into`/, /into aggregate/],
    [`${head}permit x\n  who any\n  does call\n  from eu\n`, /line 5: eu is no jurisdiction/, /capital/],
    [`${head}permit x\n  who any\n  does call\n  to outside *\n`, /outside/, /outside EU/],
    [`${head}permit x\n  who any\n  does call\n  what a*b\n`, /a\*b is no name/, /end/],
    [`${head}permit x\n  who any\n  who any\n`, /line 4: `who` stands twice/, /one line/],
    [`${head}permit x\n  who any\n  does leave\n  class secret\n`, /secret is no class/, /personal/],
    [`${head}permit x\n  who any\n  does leave\n  through aggregate count few\n`, /aggregate count few is no transform/, /count N/],
    [`${head}permit x\n  who any\n  does call\n  because no quotes\n`, /quotes/, /because "/],
    [`${head}permit x\n  who any\n  does call\n  colour red\n`, /`colour` is no clause/, /who, does/],
    [`${head}permit x\n  who any\n  does call\npermit x\n  who any\n  does call\n`, /line 5: line 2 has a rule x/, /its own/],
    [`${head}expect allow nobody\n  who node a\n  does call\n`, /no rule nobody/, /Name a rule/],
    [`${head}expect allow\n  who node *\n  does call\n`, /one principal/, /gateway-1/],
    [`${head}expect deny\n  who node a\n  does call run\n`, /one request: does has 2/, /one expectation/],
    [`${head}expect allow\n  who node a\n  does leave\n  class derived\n  from EU/DE\n  to outside EU\n`, /one place, and `to outside EU` are many/, /to US/],
    [`${head}expect deny\n  who node a\n  does leave\n  class derived\n  from outside EU\n  to US\n`, /`from outside EU` are many/, /one that lies there/],
    [`${head}expect deny\n  who person a\n  does call\n  when role operator owner\n`, /one request: when role has 2/, /one expectation/],
    [`${head}# a comment\rforbid x\n`, /line 2: it has the character U\+000D/, /Write the line anew/],
    [`${head}permit evil\u{202E}x\n`, /line 2: it has the character U\+202E/, /Write the line anew/],
    [`${head}forbid x\n  who person \u{430}nna\n  does call\n`, /line 3: it has the character U\+0430, which no name/, /ASCII; comments and reasons/],
    [`${head}forbid x\n  who person anna\u{3164}\n  does call\n`, /line 3: it has the character U\+3164/, /ASCII/],
    [`${head}forbid x\n  who any\n  does call\n  when role\u{a0}owner\n`, /line 5: it has the character U\+00A0/, /ASCII/],
    [`${head}permit x\u{0}\n`, /U\+0000/, /anew/],
    [`${head}expect deny\n  who node a\n  does leave\n  through aggregate\n`, /aggregate is no transform of an event/, /count 10/],
  ];
  for (const [source, message, next] of cases) {
    assert.throws(() => parsePolicy(source, "plant.policy"), (error) => {
      assert.ok(error instanceof Error && "code" in error && "next" in error, source);
      assert.equal(error.code, "HOLON_POLICY_BAD");
      assert.match(error.message, /^plant\.policy, line \d+: /);
      assert.match(error.message, message);
      assert.match(String(error.next), next);
      return true;
    });
  }
});

test("a text with tabs and Windows' ends of lines is read as it stands", () => {
  assert.equal(parsePolicy("policy p 1\r\npermit x\r\n\twho any\r\n\tdoes call\r\n").rules.length, 1);
  assert.equal(parsePolicy('policy p 1\n# für Anna\npermit x # größer\n  who any\n  does call\n  because "Änderung # 3, §4"\n').rules[0]?.because, "Änderung # 3, §4", "comments and reasons are in anybody's language");
});

test("a policy that was adopted decides on, whatever is asked of a new text since", () => {
  const adopted = parseAdopted("policy p 1\npermit x\n  who any\n  does call # told\u{7}\nexpect allow\n  who node a\n  does leave\n  to outside EU\n");
  assert.deepEqual([adopted.rules.length, adopted.expectations], [1, []]);
});

test("any text at all is a policy or is refused with the code", () => {
  const words = fc.constantFrom("policy", "permit", "forbid", "expect", "allow", "\n", "\n  ", "who", "does", "class", "from", "to", "through", "when", "because", '"', "#", "any", "*", "EU", ...actions, ...dataClasses);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(fc.oneof(words, fc.string({ maxLength: 4 })), { maxLength: 60 }).map((parts) => `policy p 1\n${parts.join(" ")}`)), (source) => {
      try {
        parsePolicy(source);
      } catch (error) {
        assert.ok(error instanceof Error && "code" in error && error.code === "HOLON_POLICY_BAD", String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a rule bounds what the noise of all outputs together may cost, where it is made; no record tells that, and none is asked for it", () => {
  const of = (does: string, through: string) => parsePolicy(`policy plant 1\npermit noisy\n  who function *\n  does ${does}\n  class personal\n  into aggregate\n  through ${through}\n`);
  const policy = compilePolicy(of("lower", "noise epsilon 0.5 budget 4"));
  const allows = (through: Transform): boolean => policy.decide({ kind: "function", name: "clinic/steps" }, "lower", { name: "clinic/steps", class: "personal", into: "aggregate", jurisdiction: "EU" }, { through }).allow;
  assert.deepEqual([{ epsilon: 0.5, budget: 4 }, { epsilon: 0.1, budget: 0.5 }, { epsilon: 0.5, budget: 1_000_000 }, { epsilon: 1, budget: 4 }, { epsilon: 0.5 }].map((noise) => allows({ kind: "noise", ...noise })), [true, true, false, false, false]);
  assert.deepEqual(policy.decide({ kind: "function", name: "f" }, "lower", { name: "f", class: "personal", into: "aggregate", jurisdiction: "EU" }, { through: { kind: "noise", epsilon: 0.5, budget: 5 } }).reason.match(/through .*/)?.[0], "through noise epsilon 0.5 budget 5");
  assert.deepEqual([printOnEvent({ kind: "noise", epsilon: 0.5, budget: 4 }), parseTransform("noise epsilon 0.5 budget 4")], ["noise epsilon 0.5", { kind: "noise", epsilon: 0.5, budget: 4 }]);
  for (const bad of ["aggregate count 5 budget 4", "noise budget 0", "noise epsilon 1 budget", "noise budget 4 budget 4", "noise epsilon 1 epsilon 2"]) assert.throws(() => of("lower", bad), { code: "HOLON_POLICY_BAD", message: /is no transform/ }, bad);
  assert.throws(() => parsePolicy("policy plant 1\npermit noisy\n  who any\n  does leave\n  class aggregate\n  from EU\n  to EU\n  through noise budget 4\n"), { code: "HOLON_POLICY_BAD", message: /no record tells its own/ });
});
