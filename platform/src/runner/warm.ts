/** Starts a warden once with nobody's function in it, so that its modules and the inside of its isolates are in the cache. */
import { limits } from "@holon/core/limits.ts";
import { Warden } from "./warden.ts";

const nothing = `export default { kind: "holon.function", on: { type: "nothing" }, emits: {}, models: [], run() {} };`;

export async function warmSandbox(): Promise<void> {
  const warden = new Warden({ start: { last: false, threads: false }, talk: () => undefined, guilty: () => undefined, suspected: () => undefined });
  const setup = { name: "nothing", modelNames: [], state: [], declared: undefined };
  const { opened } = warden.open("nothing", { kind: "open", id: 1, setup, code: new TextEncoder().encode(nothing), models: {}, fitted: [], memoryBytesMax: limits.unitMemoryBytes, startMs: limits.unitStartMs });
  await opened;
  warden.kill();
  await warden.ended;
}
