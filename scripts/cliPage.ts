/** Writes docs/reference/cli.md from the commands of the program. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram } from "@holon/cli/program.ts";
import { routesOfVerbs } from "@holon/cli/testing/verbs.ts";
import { repositoryRoot } from "./check/files.ts";

export const cliPagePath = join(repositoryRoot, "docs/reference/cli.md");

type Command = ReturnType<typeof createProgram>;

/** What every command that talks to an API takes is told once. */
const commonFlags = new Set(["--api <url>", "--data <folder>", "--json"]);

export function cliPage(): string {
  const program = createProgram(() => new AbortController().signal);
  const parts = program.commands.map((command) => (command.commands.length === 0 ? verb(command, `holon ${command.name()}`, "##") : noun(command)));
  return `# Command line

Every command of \`holon\`, from the program itself; \`node scripts/references.ts\` writes this page, and a test holds the two together. In a clone it is called as \`npx holon\`. Data goes to stdout, talk to stderr; a command that
fails says what failed and what to do next, and ends with an exit code other than 0 ([errors](errors.md)).

Commands that talk to an API take \`--api URL\` (\`http://127.0.0.1:7400\`), \`--data FOLDER\` with the token (\`.holon\`) and \`--json\`. *By* says by which routes of the [HTTP API](http-api.md) a command does what it does, or
why by none.

${parts.join("\n")}`;
}

function noun(command: Command): string {
  const verbs = command.commands.map((sub) => verb(sub, `holon ${command.name()} ${sub.name()}`, "###"));
  return `## holon ${command.name()}\n\n${sentence(command.description())}\n\n${verbs.join("\n")}`;
}

function verb(command: Command, name: string, marks: string): string {
  const operands = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`));
  const flags = command.options.map(({ flags: words, mandatory, description, defaultValue }) => ({ words, mandatory, description, defaultValue: typeof defaultValue === "string" ? defaultValue : undefined }));
  const isCommon = [...commonFlags].every((flag) => flags.some(({ words }) => words === flag));
  const own = flags.filter(({ words }) => !(isCommon && commonFlags.has(words)));
  const needed = own.filter(({ mandatory }) => mandatory).map(({ words }) => words);
  const usage = [name, ...operands, ...needed, ...(own.length > needed.length || isCommon ? ["[options]"] : [])].join(" ");
  const rows = own.map(({ words, mandatory, description, defaultValue }) => `| \`${cell(words)}\` | ${cell(description)}${mandatory ? " (must be given)" : ""} | ${defaultValue === undefined ? "" : `\`${cell(defaultValue)}\``} |`);
  const table = rows.length === 0 ? "" : `\n| option | | default |\n|---|---|---|\n${rows.join("\n")}\n`;
  return `${marks} ${name}\n\n${sentence(command.description())}\n\n    ${usage}\n${table}\n${way(name.replace("holon ", ""))}`;
}

function way(name: string): string {
  const { routes = [], because } = routesOfVerbs[name] ?? {};
  const shown = routes.map((route) => `\`${route}\``).join(", ");
  return `*By ${routes.length > 0 ? shown : "none"}*${because === undefined ? "" : `: ${because}`}.\n`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const cell = (text: string): string => text.replaceAll("|", "\\|");

if (import.meta.main) writeFileSync(cliPagePath, cliPage());
