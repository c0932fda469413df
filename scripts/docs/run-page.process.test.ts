import assert from "node:assert/strict";
import { test } from "node:test";
import { runPage } from "./run-page.ts";

const fence = "```";
const page = (exitCode: number): string => `# Begun and ended

${fence}console background
$ bash -c 'echo $$ > pid; echo begun; while [ ! -e enough ]; do sleep 0.05; done; echo last words; exit ${exitCode}'
begun
${fence}

${fence}sh
touch enough; while kill -0 $(cat pid) 2> /dev/null; do sleep 0.05; done
${fence}
`;

test("what was started and died by itself is a problem of its page", async () => {
  const { problems } = await runPage(page(3), { goOn: false });
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? "", /: 3\n[^]*last words/);
});

test("what was started and ended by itself, and well, is none", async () => {
  assert.deepEqual((await runPage(page(0), { goOn: false })).problems, []);
});
