import { trustContract } from "./contracts/trust.ts";
import { createTrust, SimRepository } from "./trust.ts";

let opened = 0;

trustContract("sim", () => {
  const repository = new SimRepository(`publisher ${(opened += 1)}`);
  return Promise.resolve({
    trust: createTrust({}),
    files: () => repository.files(),
    publish: (...options) => Promise.resolve(repository.publish(...options)),
    rotate: (...options) => Promise.resolve(repository.rotate(...options)),
  });
});
