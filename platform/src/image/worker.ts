/** Checks and unpacks one image on a thread of its own: for a large one that takes seconds, which the node has better use for. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { readImage } from "@holon/core/image/image.ts";
import { clearMountPoints, ensureFolder } from "@holon/core/image/tree.ts";
import { toCrossing } from "@holon/core/run/crossing.ts";
import { imagePlatform, imageTools } from "./tools.ts";
import { unpackImage } from "./unpack.ts";

/** Where something of the node's is mounted while the program runs. */
const mountPoints = ["proc", "dev", "tmp", "run"];

const { archive, folder, name } = z.object({ archive: z.instanceof(Uint8Array), folder: z.string(), name: z.string() }).parse(workerData);

try {
  const { root, entrypoint, environment, workingFolder } = readImage(archive, name, imagePlatform(), imageTools);
  clearMountPoints(root, mountPoints);
  ensureFolder(root, workingFolder);
  unpackImage(root, folder);
  parentPort?.postMessage({ kind: "done", entrypoint, environment, workingFolder });
} catch (error) {
  parentPort?.postMessage({ kind: "failed", error: toCrossing(error) });
}
