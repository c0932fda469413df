/** Images as builders write them, made of files of this machine. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { writeTar, type TarFile } from "@holon/core/image/tar-writer.ts";
import { imagePlatform } from "../image/tools.ts";

export interface ImageMaking {
  readonly layers: readonly (readonly TarFile[])[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly packing?: "gzip" | "zstd" | "none";
  /** Before the archive is written: what a builder that lies would do. */
  readonly change?: (files: Map<string, Uint8Array>) => void;
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function ociArchive({ layers, config = {}, platform = imagePlatform(), packing = "none", change }: ImageMaking): Uint8Array {
  const files = new Map<string, Uint8Array>();
  const keep = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    files.set(`blobs/sha256/${digest}`, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const archives = layers.map((layer) => writeTar(layer));
  const suffix = packing === "none" ? "" : `+${packing}`;
  const packed = archives.map((bytes) => (packing === "none" ? bytes : packing === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes)));
  const about = keep("application/vnd.oci.image.config.v1+json", json({ ...platform, config, rootfs: { type: "layers", diff_ids: archives.map((bytes) => `sha256:${digestOf(bytes)}`) } }));
  const kept = packed.map((bytes) => keep(`application/vnd.oci.image.layer.v1.tar${suffix}`, bytes));
  const manifest = keep("application/vnd.oci.image.manifest.v1+json", json({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: about, layers: kept }));
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  files.set("index.json", json({ schemaVersion: 2, manifests: [{ ...manifest, platform }] }));
  change?.(files);
  return writeTar([...files].map(([path, content]) => ({ path, content })));
}

const needed = /^(?:strict|warnings|Carp|Config|Errno|Exporter|IO|SelectSaver|Socket|Symbol|XSLoader|bytes|constant|overload|vars)\b|^auto\/(?:IO|Socket)\b/;

/** Perl as Debian's essential package has it, with the libraries that it loads: a small program that can serve a socket. */
export function perlFiles(): readonly TarFile[] {
  const libraries = [...execFileSync("ldd", ["/usr/bin/perl"], { encoding: "utf8" }).matchAll(/(\/\S+)/g)].map(([, path = ""]) => path);
  const triplet = readdirSync("/usr/lib").find((name) => name.endsWith("-linux-gnu")) ?? "";
  const base = `/usr/lib/${triplet}/perl-base`;
  return [
    { path: "usr/bin/perl", content: readFileSync(realpathSync("/usr/bin/perl")), mode: 0o4755 },
    ...libraries.map((path) => ({ path: path.slice(1), content: readFileSync(realpathSync(path)), mode: 0o755 })),
    ...readdirSync(base, { recursive: true, withFileTypes: true }).flatMap((entry): readonly TarFile[] => {
      const path = join(entry.parentPath, entry.name);
      if (!needed.test(path.slice(base.length + 1))) return [];
      if (entry.isSymbolicLink()) return [{ path: path.slice(1), type: "2", target: readlinkSync(path) }];
      return entry.isFile() ? [{ path: path.slice(1), content: readFileSync(path) }] : [];
    }),
  ];
}
