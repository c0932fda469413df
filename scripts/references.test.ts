/** The pages of reference that are written from the code are what the code says now. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { apiPage, apiPagePath } from "./apiPage.ts";
import { repositoryRoot } from "./check/files.ts";
import { cliPage, cliPagePath } from "./cliPage.ts";
import { routeNames, routeNamesPath } from "./routeNames.ts";
import { schemaPage, schemaPagePath } from "./schemaPage.ts";

const how = "node scripts/references.ts writes it";

test("the page of the command line is the program's", () => assert.equal(readFileSync(cliPagePath, "utf8"), cliPage(), how));
test("the page of manifest, configuration and event is that of their schemas", () => assert.equal(readFileSync(schemaPagePath, "utf8"), schemaPage(), how));
test("the page of the HTTP API is what the APIs tell of themselves", async () => assert.equal(readFileSync(apiPagePath, "utf8"), await apiPage(), how));

test("the names of routes by which a policy is looked at are those of that page", () => assert.equal(readFileSync(routeNamesPath, "utf8"), routeNames(readFileSync(apiPagePath, "utf8")), how));

test("no page that is written from the code has code in it", () => {
  for (const name of readdirSync(join(repositoryRoot, "docs/reference")).filter((file) => file.endsWith(".md"))) {
    const page = readFileSync(join(repositoryRoot, "docs/reference", name), "utf8");
    if (name === "interfaces.md") continue; // written by hand, with examples
    for (const line of page.split("\n")) {
      assert.doesNotMatch(line, /\*\/|\/\*\*|export (?:function|const|interface|type) |import (?:type )?\{|z\.(?:string|strictObject)\(/, name);
      const longest = Math.max(...line.replaceAll(/`[^`]*`/g, "").split(/(?<!\\)\|/).map((cell) => cell.length));
      assert.ok(longest <= 600, `${name}: a description of ${longest} characters: ${line.slice(0, 200)}`);
    }
  }
});
