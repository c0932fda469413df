import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError } from "../errors.ts";
import { readTar } from "./tar.ts";
import { writeTar, type TarFile } from "./tar-writer.ts";
import { applyLayer, clearMountPoints, createFolder, ensureFolder, treeBytes, type ImageFolder, type ImageNode } from "./tree.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, text = "", mode = 0o644): TarFile => ({ path, content: bytes(text), mode });

function treeOf(...layers: readonly (readonly TarFile[])[]): ImageFolder {
  const root = createFolder();
  for (const layer of layers) applyLayer(root, readTar(writeTar(layer), "the image"), "the image");
  return root;
}

/** As a listing: folders end in a slash, links point. */
function list(node: ImageFolder, at = ""): readonly string[] {
  return [...node.inside].flatMap(([name, inside]) => {
    const path = `${at}${name}`;
    return inside.kind === "folder" ? [`${path}/`, ...list(inside, `${path}/`)] : inside.kind === "link" ? [`${path} -> ${inside.target}`] : [`${path}${inside.isExecutable ? "*" : ""} ${new TextDecoder().decode(inside.content)}`];
  });
}

const refused = (what: RegExp, ...layers: readonly (readonly TarFile[])[]): void => assert.throws(() => treeOf(...layers), (error) => error instanceof HolonError && error.code === "HOLON_IMAGE_BAD" && what.test(error.message));

describe("layers of an image", () => {
  it("lie upon one another; what a layer hides is below it, never its own", () => {
    const below = [file("./bin/sh", "sh", 0o755), file("etc/a", "1"), file("etc/b", "2"), file("var/x/deep", "3"), { path: "lib", type: "2", target: "usr/lib" }] satisfies TarFile[];
    assert.deepEqual(list(treeOf(below)), ["bin/", "bin/sh* sh", "etc/", "etc/a 1", "etc/b 2", "var/", "var/x/", "var/x/deep 3", "lib -> usr/lib"]);
    assert.deepEqual(list(treeOf(below, [file("etc/.wh.a"), file("etc/c", "4"), file("var/x/.wh..wh..opq"), file("var/x/new", "5")])), ["bin/", "bin/sh* sh", "etc/", "etc/b 2", "etc/c 4", "var/", "var/x/", "var/x/new 5", "lib -> usr/lib"]);
    assert.deepEqual(list(treeOf(below, [file("etc/a", "own"), file("etc/.wh.a")])), list(treeOf(below, [file("etc/.wh.a"), file("etc/a", "own")])));
    assert.deepEqual(list(treeOf([file("a/b", "1")], [file("a", "now a file")])), ["a now a file"]);
    assert.deepEqual(list(treeOf([{ path: "a", type: "2", target: "b" }], [{ path: "a/", type: "5" }, file("a/c", "1")])), ["a/", "a/c 1"]);
    assert.deepEqual(list(treeOf([file("a", "1")], [file(".wh..wh.plnk/1.2", "aufs"), file(".wh.gone")])), ["a 1", ".wh..wh.plnk/", ".wh..wh.plnk/1.2 aufs"]);
  });

  it("share the content of hard links, counted once", () => {
    const root = treeOf([file("a", "12345"), { path: "b", type: "1", target: "a" }, { path: "c", type: "1", target: "./b" }]);
    const [a, c]: readonly (ImageNode | undefined)[] = [root.inside.get("a"), root.inside.get("c")];
    assert.equal(a, c);
    assert.equal(treeBytes(root), 5);
  });

  it("leave their root in no way", () => {
    refused(/none below its root/, [file("../out")]);
    refused(/none below its root/, [file("a/../../out")]);
    refused(/none below its root/, [file("/etc/passwd")]);
    refused(/none below its root/, [file("a\\..\\b")]);
    refused(/none below its root/, [{ path: "x", type: "1", target: "../a" }]);
    refused(/behind a link/, [{ path: "out", type: "2", target: "/" }, file("out/etc/passwd")]);
    refused(/behind a link/, [{ path: "out", type: "2", target: ".." }], [file("out/x")]);
    refused(/behind a file/, [file("a"), file("a/b")]);
    refused(/no file of the image/, [{ path: "passwd", type: "1", target: "etc/passwd" }]);
    refused(/no file of the image/, [{ path: "out", type: "2", target: "/etc/passwd" }, { path: "passwd", type: "1", target: "out" }]);
    refused(/none below its root/, [{ path: "passwd", type: "1", target: "/etc/passwd" }]);
    refused(/a device/, [{ path: "dev/sda", type: "3" }]);
    refused(/a pipe/, [{ path: "run/pipe", type: "6" }]);
    refused(/hides what has no name/, [file("a/.wh.")]);
    refused(/hides what has no name/, [file("a/.wh...")]);
    refused(/leads nowhere/, [{ path: "a", type: "2", target: "" }]);
  });

  it("keep no link where the node mounts what is its own", () => {
    const root = treeOf([{ path: "run", type: "2", target: "/oldroot/root" }, { path: "tmp", type: "2", target: "/" }, file("proc/x", "1")]);
    clearMountPoints(root, ["proc", "tmp", "run"]);
    ensureFolder(root, "/srv/app");
    ensureFolder(root, "/srv/../../out");
    assert.deepEqual([...list(root)].sort(), ["proc/", "run/", "srv/", "srv/app/", "tmp/"]);
  });
});

describe("a tar archive", () => {
  it("with long names and large numbers is read", () => {
    const long = `${"folder/".repeat(30)}file`;
    const pax = (text: string): Uint8Array => bytes(`${text.length + String(text.length + 4).length + 2} ${text}\n`);
    const record = pax(`path=${long}`);
    const archive = writeTar([{ path: "PaxHeader", content: record, type: "0" }, file("short", "abc")]);
    setType(archive, 0, "x");
    assert.deepEqual(readTar(archive, "it").map(({ path }) => path), [long]);
    const gnu = writeTar([{ path: "././@LongLink", content: bytes(`${long}\0`) }, file("short", "abc")]);
    setType(gnu, 0, "L");
    assert.deepEqual(readTar(gnu, "it").map(({ path }) => path), [long]);
  });

  it("that is cut, damaged, sparse or of unknown kinds is refused", () => {
    const archive = writeTar([file("a", "x".repeat(2_000))]);
    for (const cut of [600, 1_024, 2_000]) assert.throws(() => readTar(archive.subarray(0, cut), "it"), /ends within an entry/);
    const flipped = archive.slice();
    flipped[3] = 1;
    assert.throws(() => readTar(flipped, "it"), /damaged/);
    const sparse = writeTar([file("a")]);
    setType(sparse, 0, "S");
    assert.throws(() => readTar(sparse, "it"), /not known/);
  });
});

/** With the checksum mended. */
function setType(archive: Uint8Array, at: number, type: string): void {
  archive[at + 156] = type.charCodeAt(0);
  archive.fill(0x20, at + 148, at + 156);
  const sum = archive.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  archive.set(bytes(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
}
