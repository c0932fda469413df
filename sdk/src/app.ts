import type { AppManifestInput } from "@holon/core/schema/app.ts";

/** Types an app manifest; make it the default export of `holon.app.ts`. It is checked when the app is deployed. */
export const defineApp = (manifest: AppManifestInput): AppManifestInput => manifest;
