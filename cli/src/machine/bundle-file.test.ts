import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Bundle } from "@holon/core/diagnosis/results.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { bundlePlace, writeBundle } from "./bundle-file.ts";

const bundle: Bundle = { node: "gateway-1", asOf: "2026-01-02T03:04:05.000Z", files: [{ path: "report.json", text: "{}" }] };

test("a name says what is written: an archive of a kind that is not made is refused, and nothing is left there", (context) => {
  const folder = tempFolder(context);
  for (const name of ["x.zip", "x.ZIP", "x.tar.gz", "x.tgz", "x.7z", "x.tar.zst"]) {
    assert.throws(() => bundlePlace(join(folder, name)), { code: "HOLON_ARGUMENT_BAD", message: /\.tar/ }, name);
    assert.equal(existsSync(join(folder, name)), false);
  }
});

test("a name that ends in .tar makes one file, any other a folder, and neither goes over what is there", async (context) => {
  const folder = tempFolder(context);
  assert.equal(readFileSync(await writeBundle(bundlePlace(join(folder, "x.tar")), bundle)).subarray(0, 21).toString(), "gateway-1/report.json");
  assert.equal(readFileSync(join(await writeBundle(bundlePlace(join(folder, "case-2.1")), bundle), "report.json"), "utf8"), "{}");
  for (const name of ["x.tar", "case-2.1"]) await assert.rejects(writeBundle(join(folder, name), bundle), { code: "HOLON_ARGUMENT_BAD" });
});
