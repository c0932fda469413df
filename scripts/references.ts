/** Writes every page of docs/reference that follows from the code, and the names of routes that follow from one of them: `node scripts/references.ts`. */
import { writeFileSync } from "node:fs";
import { apiPage, apiPagePath } from "./apiPage.ts";
import { cliPage, cliPagePath } from "./cliPage.ts";
import { metricsPage, metricsPagePath } from "./metricsPage.ts";
import { routeNames, routeNamesPath } from "./routeNames.ts";
import { schemaPage, schemaPagePath } from "./schemaPage.ts";

writeFileSync(cliPagePath, cliPage());
const api = await apiPage();
writeFileSync(apiPagePath, api);
writeFileSync(routeNamesPath, routeNames(api));
writeFileSync(schemaPagePath, schemaPage());
writeFileSync(metricsPagePath, metricsPage());
await import("./errorsPage.ts"); // which writes when it is loaded
