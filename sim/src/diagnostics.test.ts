import { diagnosticsContract } from "./contracts/diagnostics.ts";
import { createDiagnostics } from "./diagnostics.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

const world = new World(1);
diagnosticsContract("simulated", () => createDiagnostics(incarnation(world, "gateway-1"), []), (word) => ({ words: ["/bin/mark", word], timeoutMs: 1_000, outputBytesMax: 1_000 }), (work) => world.drive(work));
