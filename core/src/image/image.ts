/**
 * An OCI image in one archive (OCI Image Layout, as `oci-archive` of the common builders): index, manifest, configuration, layers, each under the
 * digest that names it. Every digest is checked, those of the unpacked layers too; no registry is asked for anything.
 */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { toHex } from "../log/hex.ts";
import type { Crypto } from "../ports.ts";
import { imageBounds } from "./bounds.ts";
import { readTar } from "./tar.ts";
import { applyLayer, createFolder, treeBytes, type ImageFolder } from "./tree.ts";

export interface ImagePlatform {
  readonly os: string;
  /** In the words of the format: `amd64`, `arm64`. */
  readonly architecture: string;
}

export interface ImageTools {
  readonly sha256: Crypto["sha256"];
  /** `undefined` where it does not decode, or is larger than `maxBytes`. */
  readonly unpack: (bytes: Uint8Array, packing: "gzip" | "zstd", maxBytes: number) => Uint8Array | undefined;
}

export interface Image {
  readonly root: ImageFolder;
  readonly entrypoint: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly workingFolder: string;
}

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "a SHA-256 digest");
const platform = z.looseObject({ os: z.string(), architecture: z.string() });
const descriptor = z.looseObject({ mediaType: z.string(), digest, size: z.int().min(0), platform: platform.optional(), urls: z.array(z.string()).optional() });
const indexSchema = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(descriptor).min(1).max(256) });
const manifestSchema = z.looseObject({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor).min(1).max(imageBounds.imageLayersMax) });
const word = z.string().max(imageBounds.imageLinkCharactersMax).refine((text) => !text.includes("\0"));
const words = z.array(word).max(256).nullish();
const configSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  config: z.looseObject({ Env: words, Entrypoint: words, Cmd: words, WorkingDir: word.nullish() }).nullish(),
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(digest) }),
});
type Descriptor = z.infer<typeof descriptor>;

const isIndex = ({ mediaType }: Descriptor): boolean => /\.image\.index\.v1\+json$|\.manifest\.list\.v2\+json$/.test(mediaType);
const decoder = new TextDecoder();

/** `HOLON_IMAGE_BAD`; `HOLON_UNIT_UNSUPPORTED` where it is for other machines. `name` says which in messages. */
export function readImage(archive: Uint8Array, name: string, wanted: ImagePlatform, tools: ImageTools): Image {
  const files = new Map(readTar(archive, name).flatMap(({ path, kind, content }) => (kind === "file" ? [[path.replace(/^(?:\.\/)+/, ""), content] as const] : [])));
  const blob = ({ digest: own, size }: Descriptor): Uint8Array => {
    const bytes = files.get(`blobs/sha256/${own.slice("sha256:".length)}`);
    if (bytes === undefined) throw bad(name, `does not hold ${own}`);
    if (bytes.length !== size || `sha256:${toHex(tools.sha256(bytes))}` !== own) throw bad(name, `holds something else under ${own}`);
    return bytes;
  };
  const index = files.get("index.json");
  if (index === undefined) throw bad(name, "has no index.json");
  let chosen = chosenOf(parse(indexSchema, index, name, "index.json"), wanted, name);
  if (isIndex(chosen)) chosen = chosenOf(parse(indexSchema, blob(chosen), name, "its index"), wanted, name);
  const { config: about, layers } = parse(manifestSchema, blob(chosen), name, "its manifest");
  const { os, architecture, config, rootfs } = parse(configSchema, blob(about), name, "its configuration");
  if (os !== wanted.os || architecture !== wanted.architecture) throw forOthers(name, `${os}/${architecture}`, wanted);
  if (rootfs.diff_ids.length !== layers.length) throw bad(name, "has other layers than its configuration says");
  const root = createFolder();
  let left: number = imageBounds.imageBytesMax;
  for (const [at, layer] of layers.entries()) {
    const content = unpacked(blob(layer), layer, name, left, tools);
    if (`sha256:${toHex(tools.sha256(content))}` !== rootfs.diff_ids[at]) throw bad(name, `holds a layer that is not ${rootfs.diff_ids[at]} when it is unpacked`);
    left -= content.length;
    applyLayer(root, readTar(content, name), name);
  }
  if (treeBytes(root) > imageBounds.imageBytesMax) throw bad(name, `has more than ${imageBounds.imageBytesMax} bytes unpacked`);
  return { root, entrypoint: [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])], environment: (config?.Env ?? []).filter((one) => /^[A-Za-z_][A-Za-z0-9_]*=/.test(one)), workingFolder: workingFolder(config?.WorkingDir ?? "") };
}

/** The one for this machine; the only one where it does not say. */
function chosenOf({ manifests }: z.infer<typeof indexSchema>, wanted: ImagePlatform, name: string): Descriptor {
  const [only, ...others] = manifests;
  if (only !== undefined && others.length === 0) return only;
  const fitting = manifests.find((one) => one.platform?.os === wanted.os && one.platform.architecture === wanted.architecture);
  if (fitting === undefined) throw forOthers(name, manifests.map((one) => (one.platform === undefined ? "unsaid" : `${one.platform.os}/${one.platform.architecture}`)).join(", "), wanted);
  return fitting;
}

function unpacked(bytes: Uint8Array, { mediaType, urls }: Descriptor, name: string, maxBytes: number, { unpack }: ImageTools): Uint8Array {
  if (urls !== undefined) throw bad(name, "names a layer that lies elsewhere");
  const kind = /\.tar(?:[.+](gzip|zstd))?$/.exec(mediaType);
  if (kind === null) throw bad(name, `has a layer of a kind that is not known here (${mediaType.slice(0, 100)})`);
  const [, packing] = kind;
  const content = packing === "gzip" || packing === "zstd" ? unpack(bytes, packing, maxBytes) : bytes;
  if (content === undefined || content.length > maxBytes) throw bad(name, `has a layer that does not unpack, or more than ${imageBounds.imageBytesMax} bytes unpacked`);
  return content;
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string, what: string): T {
  if (bytes.length > imageBounds.imageDocumentBytesMax) throw bad(name, `: ${what} is over its bound`);
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new HolonError("HOLON_IMAGE_BAD", `${name}: ${what} is no JSON`, { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HolonError("HOLON_IMAGE_BAD", `${name}: ${what} does not fit at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`, { cause: parsed.error });
}

/** Within the image whatever it says: the program is started in there. */
const workingFolder = (text: string): string => (text.startsWith("/") ? text : `/${text}`);

const bad = (name: string, what: string): HolonError => new HolonError("HOLON_IMAGE_BAD", `${name} ${what}`);
const forOthers = (name: string, has: string, { os, architecture }: ImagePlatform): HolonError =>
  new HolonError("HOLON_UNIT_UNSUPPORTED", `${name} is for ${has}, and this node is ${os}/${architecture}`, { next: "Build the image for this platform too, or place the function on another node." });
