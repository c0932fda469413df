/**
 * The client that tuf-conformance drives, over the same code as a node's: `docs/internals/signatures.md` says how to run it.
 *
 *     tufClient.ts --metadata-dir D init ROOT | --metadata-dir D --metadata-url U refresh | … --target-name T --target-base-url U --target-dir D download
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { openTufSession, type TufSession } from "@holon/platform/trust/tuf-session.ts";

type TargetFile = NonNullable<Awaited<ReturnType<TufSession["target"]>>>;

const text = { type: "string" } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "metadata-dir": text, "metadata-url": text, "target-name": { type: "string", multiple: true }, "target-base-url": text, "target-dir": text },
});
const [command, initialRoot] = positionals;
const folder = values["metadata-dir"] ?? "";

async function withSession(work: (session: TufSession) => Promise<void>): Promise<void> {
  const trusted = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  const session = await openTufSession({ trusted, baseUrl: folderUrl(values["metadata-url"]), fetch: get, atMs: Date.now() });
  try {
    await work(session);
  } finally {
    for (const [name, bytes] of session.trusted()) writeFileSync(join(folder, name), bytes);
    session.close();
  }
}

async function download(session: TufSession): Promise<void> {
  await session.refresh();
  const isPrefixed = !/"consistent_snapshot":\s*false/.test(Buffer.from(session.trusted().get("root.json") ?? "").toString());
  for (const name of values["target-name"] ?? []) {
    const target = await session.target(name);
    if (target === undefined) throw new Error(`${name} is not signed`);
    await bring(target, isPrefixed);
  }
}

async function bring(target: TargetFile, isPrefixed: boolean): Promise<void> {
  const path = join(values["target-dir"] ?? "", encodeURIComponent(target.path));
  if (existsSync(path) && (await isAsSigned(target, readFileSync(path)))) return;
  const { dir, base } = posix.parse(target.path);
  const name = isPrefixed ? posix.join(dir, `${Object.values(target.hashes)[0] ?? ""}.${base}`) : target.path;
  const bytes = await get(new URL(name, folderUrl(values["target-base-url"])).href, target.length);
  if (bytes === undefined || !(await isAsSigned(target, bytes))) throw new Error(`${target.path} is not what was signed`);
  writeFileSync(path, bytes);
}

const folderUrl = (url = ""): string => (url.endsWith("/") ? url : `${url}/`);

const isAsSigned = (target: TargetFile, bytes: Uint8Array): Promise<boolean> =>
  target.verify(Readable.from([bytes])).then(
    () => true,
    () => false,
  );

async function get(url: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const answer = await fetch(url);
  if (answer.status === 403 || answer.status === 404) return undefined;
  if (!answer.ok || answer.body === null) throw new Error(`${url}: ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of answer.body) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > bytesMax) break; // the rest would be refused anyway
  }
  return Buffer.concat(pieces);
}

if (command === "init" && initialRoot !== undefined) copyFileSync(initialRoot, join(folder, "root.json"));
else if (command === "refresh" || command === "download") await withSession((session) => (command === "refresh" ? session.refresh() : download(session)));
else throw new Error(`no command ${String(command)}`);
