/** Writes every page of docs/reference that follows from the code: `node scripts/references.ts`. */
import { writeFileSync } from "node:fs";
import { apiPage, apiPagePath } from "./apiPage.ts";
import { cliPage, cliPagePath } from "./cliPage.ts";
import { metricsPage, metricsPagePath } from "./metricsPage.ts";
import { schemaPage, schemaPagePath } from "./schemaPage.ts";

writeFileSync(cliPagePath, cliPage());
writeFileSync(apiPagePath, await apiPage());
writeFileSync(schemaPagePath, schemaPage());
writeFileSync(metricsPagePath, metricsPage());
await import("./errorsPage.ts"); // which writes when it is loaded
