/** Images of programs: the archive, and the layers that become files. */
import { readImage } from "@holon/core/image/image.ts";
import { readTar } from "@holon/core/image/tar.ts";
import { writeTar, type TarFile } from "@holon/core/image/tar-writer.ts";
import { applyLayer, clearMountPoints, createFolder, ensureFolder, treeBytes, type ImageFolder } from "@holon/core/image/tree.ts";
import { imageTools } from "@holon/platform/image/tools.ts";
import { ociArchive } from "@holon/platform/testing/oci-image.ts";
import { bytesOf, type Target } from "./target.ts";

const files: readonly TarFile[] = [
  { path: "./usr/bin/app", content: bytesOf("#!/bin/sh\n"), mode: 0o4755 },
  { path: "etc/a", content: bytesOf("1") },
  { path: "etc/b", type: "1", target: "etc/a" },
  { path: "lib", type: "2", target: "usr/lib" },
  { path: "srv/", type: "5", mode: 0o755 },
];
const upper: readonly TarFile[] = [{ path: "etc/.wh.a" }, { path: "srv/.wh..wh..opq" }, { path: "srv/new", content: bytesOf("2") }];
const platform = { os: "linux", architecture: "amd64" };
const words = ["../", "/", ".wh.", ".wh..wh..opq", "etc/a", "lib/x", "\0", "ustar", "0000644"];
const blockBytes = 512;

/** What has no name that leads out: whoever writes it needs no more than this. */
function requireInside(folder: ImageFolder, depth = 0): void {
  if (depth > 80) throw new Error("a tree deeper than paths may be");
  for (const [name, node] of folder.inside) {
    if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) throw new Error(`a file is named ${JSON.stringify(name)}`);
    if (node.kind === "folder") requireInside(node, depth + 1);
  }
}

/** Checksums of headers hold again, so that what stands behind them is reached. */
function mendHeaders(archive: Uint8Array): Uint8Array {
  const mended = archive.slice();
  for (let at = 0; at + blockBytes <= mended.length; at += blockBytes) {
    if (String.fromCharCode(...mended.subarray(at + 257, at + 262)) !== "ustar") continue;
    mended.fill(0x20, at + 148, at + 156);
    const sum = mended.subarray(at, at + blockBytes).reduce((total, byte) => total + byte, 0);
    mended.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
  }
  return mended;
}

export const imageTargets: readonly Target[] = [
  {
    name: "image-layers",
    words,
    samples: () => [writeTar(files), writeTar(upper), writeTar([{ path: "a", type: "3" }])],
    mend: mendHeaders,
    run(input) {
      const root = createFolder();
      applyLayer(root, readTar(writeTar(files), "below"), "below");
      const entries = readTar(input, "an image");
      applyLayer(root, entries, "an image");
      clearMountPoints(root, ["proc", "tmp", "run"]);
      ensureFolder(root, entries[0]?.path ?? "srv");
      requireInside(root);
      if (treeBytes(root) > input.length + 1_000) throw new Error("more came out than went in");
      return entries.map(({ kind }) => kind).join();
    },
  },
  {
    name: "image-archives",
    words: [...words, "sha256:", "application/vnd.oci.image.layer.v1.tar+gzip", "blobs/sha256/"],
    samples: () => [ociArchive({ platform, layers: [files, upper], config: { Entrypoint: ["/usr/bin/app"], Env: ["A=b"] } }), ociArchive({ platform, layers: [files], packing: "gzip" }), ociArchive({ platform, layers: [files], packing: "zstd" })],
    mend: mendHeaders,
    run(input) {
      requireInside(readImage(input, "an image", platform, imageTools).root);
    },
  },
];
