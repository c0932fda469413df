/**
 * The pages of the documentation are done as they say, in a network of their own. They take turns, one page a run; HOLON_TURNS=all does all, HOLON_DOCS=PART
 * those whose path has this in it, `node scripts/docsRun.ts` without a test around it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onItsTurn } from "../testing/turns.ts";
import { runApart, whyNotApart } from "./apart.ts";
import { hasCommands, lacks, readPages } from "./pages.ts";

const chosen = process.env["HOLON_DOCS"];
const pages = readPages().filter(hasCommands);
const why = whyNotApart();

describe("commands of the documentation", { concurrency: 2 }, () => {
  for (const [place, page] of pages.entries()) {
    const lacking = lacks(page);
    const reason = why ?? (lacking.length > 0 && `${lacking.join(", ")} not installed`);
    const options = chosen === undefined ? onItsTurn(place, pages.length, reason) : { skip: reason === false ? !page.path.includes(chosen) : reason };
    test(page.path, options, async (context) => {
      const { commands, problems } = await runApart(page.path, { goOn: false, signal: context.signal });
      assert.deepEqual(problems, [], "where this is as it should be, `node scripts/docsRun.ts PAGE --write` puts it into the page");
      assert.ok(commands > 0);
    });
  }
});
