/** Writes `docs/reference/errors.md` from the table of codes: `node scripts/errorsPage.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorTable } from "@holon/core/errors.ts";
import { repositoryRoot } from "./check/files.ts";

const preface = `# Errors

Every failure that Holon reports has one of these codes, a message that names the thing it happened to, and the next step:
\`{code, message, next, retriable}\`. The command line prints them to stderr and ends with an exit code other than 0; the HTTP
API answers with them as JSON. *Retriable* means that the same call may succeed later without anybody's doing.

The table in [core/src/errors.ts](../../core/src/errors.ts) is the source; \`node scripts/errorsPage.ts\` writes this page, and a test holds the two
together. The place that raises an error may know a better next step than the one given here.
`;

const sections = Object.entries(errorTable).map(
  ([code, { means, next, retriable }]) => `## ${code}\n\n${means}\n\n**Next:** ${next}\n\n**Retriable:** ${retriable ? "yes" : "no"}\n`,
);
writeFileSync(join(repositoryRoot, "docs", "reference", "errors.md"), [preface, ...sections].join("\n"));
console.log(`docs/reference/errors.md: ${sections.length} codes`);
