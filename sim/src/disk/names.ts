import type { FileContent } from "./content.ts";
import type { SeededRandom } from "../random.ts";

/** A change of names that is not durable yet. */
type NameChange =
  | { readonly kind: "make"; readonly path: string }
  | { readonly kind: "create"; readonly path: string; readonly content: FileContent }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string };

/** The folder that a path is in; the root is the empty string. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

const isWithin = (path: string, folder: string): boolean => folder === "" || path.startsWith(`${folder}/`);

class Names {
  readonly files = new Map<string, FileContent>();
  readonly folders = new Set<string>();

  apply(change: NameChange): void {
    switch (change.kind) {
      case "make":
        this.folders.add(change.path);
        break;
      case "create":
        this.files.set(change.path, change.content);
        break;
      case "rename":
        this.#move(change.path, change.to);
        break;
      case "remove":
        this.#remove(change.path);
        break;
    }
  }

  /** Drops what no folder leads to. */
  prune(): void {
    const isReachable = (path: string): boolean => {
      const folder = folderOf(path);
      return folder === "" || (this.folders.has(folder) && isReachable(folder));
    };
    for (const folder of this.folders) if (!isReachable(folder)) this.folders.delete(folder);
    for (const path of this.files.keys()) if (!isReachable(path)) this.files.delete(path);
  }

  #move(from: string, to: string): void {
    const content = this.files.get(from);
    if (content !== undefined) {
      this.files.delete(from);
      this.files.set(to, content);
    }
    if (!this.folders.delete(from)) return;
    this.folders.add(to);
    for (const folder of [...this.folders]) if (isWithin(folder, from) && this.folders.delete(folder)) this.folders.add(to + folder.slice(from.length));
    for (const [path, inner] of [...this.files]) if (isWithin(path, from) && this.files.delete(path)) this.files.set(to + path.slice(from.length), inner);
  }

  #remove(path: string): void {
    this.files.delete(path);
    if (!this.folders.delete(path)) return;
    for (const folder of [...this.folders]) if (isWithin(folder, path)) this.folders.delete(folder);
    for (const file of [...this.files.keys()]) if (isWithin(file, path)) this.files.delete(file);
  }
}

/**
 * The names on a disk as they are now and as a power cut would leave them. A change is durable once its folder is synced; of the
 * others any subset may survive in which each change still has those before it of the same name (file systems reorder what
 * POSIX lets them: Pillai and others, "All File Systems Are Not Created Equal", OSDI 2014).
 */
export class DiskNames {
  #now = new Names();
  readonly #durable = new Names();
  #pending: NameChange[] = [];

  get files(): ReadonlyMap<string, FileContent> {
    return this.#now.files;
  }

  isFolder(path: string): boolean {
    return path === "" || this.#now.folders.has(path);
  }

  /** Names directly in a folder, sorted. */
  list(folder: string): readonly string[] {
    const names: string[] = [];
    for (const path of this.#now.files.keys()) if (folderOf(path) === folder) names.push(path.slice(folder === "" ? 0 : folder.length + 1));
    for (const path of this.#now.folders) if (folderOf(path) === folder) names.push(path.slice(folder === "" ? 0 : folder.length + 1));
    return names.sort();
  }

  /** The names as they are now, all of them durable, over copies of the files. */
  copy(): DiskNames {
    const copy = new DiskNames();
    for (const names of [copy.#now, copy.#durable]) for (const folder of this.#now.folders) names.folders.add(folder);
    for (const [path, content] of this.#now.files) {
      const copied = content.copy();
      for (const names of [copy.#now, copy.#durable]) names.files.set(path, copied);
    }
    return copy;
  }

  change(change: NameChange): void {
    this.#now.apply(change);
    this.#pending.push(change);
  }

  /** A point that `endSync` takes: changes made later are not covered. */
  beginSync(): readonly NameChange[] {
    return [...this.#pending];
  }

  /** Makes durable the changes of names in `folder` among `covered`, and those before them that they rest on. */
  endSync(folder: string, covered: readonly NameChange[]): void {
    const wanted = new Set<NameChange>();
    const names = new Set<string>();
    for (const change of covered.toReversed()) {
      const paths = pathsOf(change);
      if (!paths.some((path) => folderOf(path) === folder || names.has(path))) continue;
      wanted.add(change);
      for (const path of paths) names.add(path);
    }
    for (const change of this.#pending) if (wanted.has(change)) this.#durable.apply(change);
    this.#pending = this.#pending.filter((change) => !wanted.has(change));
  }

  cutPower(random: SeededRandom): void {
    const undone = new Set<string>();
    const keepsAll = random.chance(0.35);
    for (const change of this.#pending) {
      const paths = pathsOf(change);
      if (!paths.some((path) => undone.has(path)) && (keepsAll || random.chance(0.5))) this.#durable.apply(change);
      else for (const path of paths) undone.add(path);
    }
    this.#pending = [];
    this.#durable.prune();
    this.#now = new Names();
    for (const folder of this.#durable.folders) this.#now.folders.add(folder);
    for (const [path, content] of this.#durable.files) this.#now.files.set(path, content);
  }
}

const pathsOf = (change: NameChange): readonly string[] => (change.kind === "rename" ? [change.path, change.to] : [change.path]);
