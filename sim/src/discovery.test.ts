import { discoveryContract } from "./contracts/discovery.ts";
import { createDiscovery } from "./discovery.ts";
import { SimNet } from "./net.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

discoveryContract("sim", () => {
  const world = new World(1);
  const net = new SimNet(world);
  const at = (name: string, number: number) => {
    const life = incarnation(world, name, number);
    net.portFor(life); // gives the machine power
    return createDiscovery(life, net);
  };
  return { port: [at("gateway-1", 1), at("gateway-2", 2), at("gateway-9", 3)], drive: (work) => world.drive(work), dispose: () => Promise.resolve() };
});
