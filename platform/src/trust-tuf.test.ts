import { trustContract } from "@holon/sim/contracts/trust.ts";
import { TufBench } from "./testing/tuf-bench.ts";
import { createTrustTuf } from "./trust-tuf.ts";

trustContract("platform", async () => {
  const bench = await TufBench.open();
  return { trust: createTrustTuf("none"), files: () => bench.files(), publish: (...options) => bench.publish(...options), rotate: (...options) => bench.rotate(...options) };
});
