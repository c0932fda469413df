/** The bundler for whoever needs it now. It is a process of its own, some 17 MB, that stays until it is told to end: here it ends when the last of those who asked has what it asked for. */
type Bundler = typeof import("esbuild");

let users = 0;

export async function withBundler<Result>(use: (bundler: Bundler) => Promise<Result>): Promise<Result> {
  users += 1;
  try {
    return await use(await import("esbuild")); // who never bundles does not load it
  } finally {
    users -= 1;
    if (users === 0) await (await import("esbuild")).stop();
  }
}
