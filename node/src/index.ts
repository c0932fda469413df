/** A node over ports. */
export { openNode, type HolonNode, type NodeParts, type NodeStatus } from "./node.ts";
export type { ReductionStatus } from "./reduce/saved.ts";
export { nodeRoutes } from "./api/routes.ts";
