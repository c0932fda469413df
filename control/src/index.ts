/** The control plane over ports. */
export { openControl, type Control, type ControlHost } from "./control.ts";
export { controlRoutes } from "./api/routes.ts";
