/** Which workspace a path is in, and whether it is a test. */

export const workspaceNames = ["core", "node", "control", "platform", "sim", "sdk", "cli", "console", "bench"] as const;

export type Workspace = (typeof workspaceNames)[number] | "examples" | "scripts";

const isWorkspaceName = (text: string): text is (typeof workspaceNames)[number] => workspaceNames.some((name) => name === text);

/** The workspace of a path, and the folder that relative imports may not leave; undefined outside of all workspaces. */
export function workspaceOf(path: string): { readonly workspace: Workspace; readonly root: string } | undefined {
  const [first = "", second = ""] = path.split("/");
  if (first === "scripts") return { workspace: "scripts", root: "scripts" };
  if (first === "examples" && second !== "") return { workspace: "examples", root: `examples/${second}` };
  return isWorkspaceName(first) ? { workspace: first, root: first } : undefined;
}

export const isSource = (path: string): boolean => /\.tsx?$/.test(path) && !path.endsWith(".d.ts");

/** Tests and what only tests use. The sdk's own `testing` is for function authors, so it counts as source; so do scripts. */
export const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || (/\/testing\//.test(path) && !/^(?:sdk|scripts)\//.test(path));
