/** What a simulated machine is made of: files by name, and what was adopted of them. */
import { createHash } from "node:crypto";
import type { Adopted } from "@holon/core/measure/measured.ts";
import type { Measurer } from "@holon/core/ports.ts";

export class SimMeasurer implements Measurer {
  readonly files = new Map<string, string>([["program", "export default 1;"], ["configuration", "name: it"]]);
  #adopted: Adopted | undefined;
  #number = 0;

  /** As somebody on the machine adopts it, while the node runs or not. */
  adoptHere(because: string): void {
    const number = (this.#number += 1);
    this.#adopted = { number, by: "ada", because, atMs: number, files: [...this.files].map(([name, content]) => ({ name, hash: hashOf(content) })) };
  }

  adopt(adopted: Adopted): Promise<void> {
    this.#adopted = adopted;
    return Promise.resolve();
  }

  adopted(): Promise<Adopted | undefined> {
    return Promise.resolve(this.#adopted);
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  hash(name: string): Promise<string | undefined> {
    const content = this.files.get(name);
    return Promise.resolve(content === undefined ? undefined : hashOf(content));
  }

  artifact(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }
}

const hashOf = (content: string): string => createHash("sha256").update(content).digest("hex");
