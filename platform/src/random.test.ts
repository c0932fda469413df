import { randomContract } from "@holon/sim/contracts/random.ts";
import { createRandom } from "./random.ts";

randomContract("platform", createRandom);
