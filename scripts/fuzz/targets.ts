/** Every parser that faces outside. */
import type { Target } from "./target.ts";
import { doorTargets } from "./targets-door.ts";
import { imageTargets } from "./targets-image.ts";
import { logTargets } from "./targets-log.ts";
import { textTargets } from "./targets-text.ts";
import { trustTargets } from "./targets-trust.ts";

export const targets: readonly Target[] = [...logTargets, ...doorTargets, ...textTargets, ...trustTargets, ...imageTargets];
