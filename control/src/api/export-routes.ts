/** An app for somebody else's control plane, over HTTP. */
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { blobsOf, exportApp } from "@holon/core/export/export.ts";
import { exportFormats } from "@holon/core/export/workload.ts";
import { jurisdictionPattern } from "@holon/core/policy/jurisdiction.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import { z } from "zod";
import type { Control } from "../control.ts";

const line = z.string().min(1).max(1_024).regex(/^[^\s"'\\]+(?: [^\s"'\\]+)*$/, "words with a space between them");
const querySchema = z.strictObject({
  format: z.enum(exportFormats),
  jurisdiction: z.string().regex(jurisdictionPattern),
  image: line.default("holon:latest"),
  program: line.default("/usr/bin/holon"),
  folder: z.string().min(2).max(1_024).regex(/^\/[^\s"'\\]+$/, "an absolute path").optional(),
});
export const exportedSchema = z.object({ files: z.array(z.object({ path: z.string(), text: z.string() })), blobs: z.array(blobHashSchema), /** What the app needs and the files do not say. */ warnings: z.array(z.string()) });

export function exportRoutes(control: Control): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/apps/{app}/export",
      summary: "The app as files with which Kubernetes, Compose or systemd runs the whole of it on a node of its own.",
      query: querySchema,
      answer: exportedSchema,
      async handle({ params, query }) {
        const app = control.apps().find(({ document }) => document.name === params["app"]);
        if (app === undefined) throw new HolonError("HOLON_APP_MISSING", `no app ${params["app"] ?? ""} is deployed`, { next: "See `holon app list`." });
        const { folder = `/etc/holon/${app.document.name}`, ...options } = querySchema.parse(query);
        const hashes = options.format === "kubernetes" ? blobsOf(app.document) : [];
        const blobs = new Map<string, Uint8Array>();
        for (const hash of hashes) blobs.set(hash, await control.blobs.read(blobHashSchema.parse(hash)));
        return { status: 200, body: exportApp(app.document, { ...options, folder }, blobs) };
      },
    },
  ];
}
