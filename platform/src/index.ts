/** The real world: adapters of the ports of `core/src/ports.ts` for Node.js. */
export { bundleFunction } from "./bundle.ts";
export { createClock } from "./clock.ts";
export { createCodec } from "./codec.ts";
export { createCrypto } from "./crypto.ts";
export { createDisk } from "./disk.ts";
export { createDoor } from "./door.ts";
export { enroll } from "./identity/ask.ts";
export { openAuthority } from "./identity/authority.ts";
export { NodeIdentity } from "./identity.ts";
export { createHostStats } from "./host-stats.ts";
export { type RouteServer, type RouteServerOptions, serveRoutes } from "./http.ts";
export { type FolderLock, lockFolder } from "./lock.ts";
export { createModel } from "./model.ts";
export { createNet, type NetOptions } from "./net.ts";
export { createRandom } from "./random.ts";
export { createRunner } from "./runner.ts";
export { createTrace, type TraceLevel, type TraceOutput } from "./trace.ts";
