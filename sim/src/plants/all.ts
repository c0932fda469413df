import { linkPlants } from "./link.ts";
import { logPlants } from "./log.ts";
import type { Plant } from "./plant.ts";

/** In the order of the pages. */
export const plants: readonly Plant[] = [...logPlants, ...linkPlants];
