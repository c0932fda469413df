import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { quotedLines, readQuoted } from "@holon/core/measure/quote.ts";
import { need } from "../../scripts/testing/need.ts";
import { createAttestor } from "./attestor.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { softwareTpm } from "./testing/software-tpm.ts";
import { verifyQuote } from "./tpm/quote.ts";

const tpm = { skip: need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip };
const [adopted, found] = ["a".repeat(64), "b".repeat(64)];
const lines = quotedLines(adopted, found, [{ what: "program", expected: adopted, found }]);

test("a node's TPM signs beside the node's thread, with the same key after a start, and with no other machine's", tpm, async (context) => {
  const tcti = await softwareTpm(context);
  const folder = scratchFolder(context);
  const [one, two] = ["01".repeat(16), "02".repeat(16)];
  let turns = 0;
  const beat = setInterval(() => (turns += 1), 1);
  const first = await createAttestor(folder, tcti).quote(lines, one);
  clearInterval(beat);
  assert.ok(turns > 10, `the node went on meanwhile: ${turns}`);
  const again = await createAttestor(folder, tcti).quote(lines, two);
  verifyQuote(first, one, undefined);
  verifyQuote(again, two, first.keyPem);
  assert.deepEqual(readQuoted(again), { adopted, found, altered: ["program"] });
  assert.throws(() => verifyQuote(first, two, first.keyPem), { code: "HOLON_QUOTE_BAD" });
  assert.throws(() => verifyQuote({ ...again, files: again.files.map((line) => (line.name === "found" ? { ...line, hash: adopted } : line)) }, two, first.keyPem), { code: "HOLON_QUOTE_BAD" });
  assert.ok(!readFileSync(join(folder, "quote-key.json"), "utf8").includes("PRIVATE KEY"));
  await assert.rejects(createAttestor(folder, await softwareTpm(context)).quote(lines, one), { code: "HOLON_TPM_FAILED" }, "the key is of the other TPM");
});
