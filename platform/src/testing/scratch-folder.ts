import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A fresh folder that is removed after the test. */
export function scratchFolder(context: Pick<TestContext, "after">): string {
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
