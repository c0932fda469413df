/** The pages of reference that are written from the code are what the code says now. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apiPage, apiPagePath } from "./apiPage.ts";
import { cliPage, cliPagePath } from "./cliPage.ts";
import { schemaPage, schemaPagePath } from "./schemaPage.ts";

const how = "node scripts/references.ts writes it";

test("the page of the command line is the program's", () => assert.equal(readFileSync(cliPagePath, "utf8"), cliPage(), how));
test("the page of manifest, configuration and event is that of their schemas", () => assert.equal(readFileSync(schemaPagePath, "utf8"), schemaPage(), how));
test("the page of the HTTP API is what the APIs tell of themselves", async () => assert.equal(readFileSync(apiPagePath, "utf8"), await apiPage(), how));
