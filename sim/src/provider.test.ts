import { providerContract } from "./contracts/provider.ts";
import { createProvider } from "./provider.ts";

providerContract("simulated", () => {
  const provider = createProvider(() => ({ groups: ["plant-owners"] }));
  return Promise.resolve({ provider, nowMs: 0, browse: (url) => Promise.resolve(provider.browse(url, "olga")) });
});
