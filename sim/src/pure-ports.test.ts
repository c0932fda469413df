/** Ports whose simulated adapters are short enough to share a file of tests. */
import { createCipher } from "./cipher.ts";
import { ClockHardware, createClock } from "./clock.ts";
import { clockContract } from "./contracts/clock.ts";
import { cipherContract, cryptoContract } from "./contracts/crypto.ts";
import { randomContract } from "./contracts/random.ts";
import { createCrypto } from "./crypto.ts";
import { SeededRandom } from "./random.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

for (const driftPpm of [-200, 0, 200]) {
  clockContract(`sim, ${driftPpm} ppm off`, () => {
    const world = new World(1);
    return { port: createClock(incarnation(world, "edge-1"), new ClockHardware(world, { driftPpm }), 5_000), drive: (work) => world.drive(work), dispose: () => Promise.resolve() };
  });
}
randomContract("sim", () => new SeededRandom("contract"));
cryptoContract("sim", createCrypto);
cipherContract("sim", () => createCipher("gateway-1", new SeededRandom("cipher")));
