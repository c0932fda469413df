/** Every package that a manifest brings in has a line of reason in DEPENDENCIES.md, and every line has its package. */
import { lineAt, type Finding, type TextFile } from "./finding.ts";

const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/** The names of all packages a manifest declares. */
export function declaredBy(manifest: TextFile): ReadonlySet<string> {
  const parsed: unknown = JSON.parse(manifest.text);
  const fields = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  return new Set(fields.filter(([kind]) => kinds.includes(kind)).flatMap(([, packages]) => Object.keys(packages ?? {})));
}

/** A row is `| package | where | reason |`, package and where in backticks; packages that share a reason share a row. */
export function checkDependencies(page: TextFile, manifests: readonly TextFile[]): readonly Finding[] {
  const rows = rowsOf(page);
  const wanted = manifests.flatMap((manifest) => {
    const where = manifest.path === "package.json" ? "root" : manifest.path.replace(/\/package\.json$/, "");
    return [...declaredBy(manifest)].filter((name) => !name.startsWith("@holon/")).map((name) => ({ name, where, path: manifest.path }));
  });
  const missing = wanted
    .filter(({ name, where }) => !rows.some((row) => row.name === name && row.where.includes(where)))
    .map(({ name, where, path }) => ({ path, line: 1, message: `${name} (${where}) has no line in ${page.path}` }));
  const extra = rows.flatMap(({ name, line, where }) =>
    where
      .filter((folder) => !wanted.some((entry) => entry.name === name && entry.where === folder))
      .map((folder) => ({ path: page.path, line, message: `${name} is not in the manifest of ${folder}` })),
  );
  const bare = rows.filter(({ reason }) => reason.length < 10).map(({ name, line }) => ({ path: page.path, line, message: `${name} has no reason` }));
  return [...missing, ...extra, ...bare];
}

interface Row {
  readonly name: string;
  readonly line: number;
  readonly where: readonly string[];
  readonly reason: string;
}

function rowsOf(page: TextFile): readonly Row[] {
  return [...page.text.matchAll(/^\|\s*(`[^|]+)\|([^|]+)\|([^|]*)\|$/gm)].flatMap((match) => {
    const [, packages = "", where = "", reason = ""] = match;
    const line = lineAt(page.text, match.index);
    return inBackticks(packages).map((name) => ({ name, line, where: inBackticks(where), reason: reason.trim() }));
  });
}

const inBackticks = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
