/** A node over ports. */
export { openNode, type HolonNode, type NodeOptions, type NodeStatus } from "./node.ts";
export { nodeRoutes } from "./api/routes.ts";
