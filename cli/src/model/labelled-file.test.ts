import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { readLabelled } from "./labelled-file.ts";

/** An idx file of bytes. */
const idx = (sizes: readonly number[], bytes: readonly number[]): Uint8Array => Uint8Array.of(0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, 0, size]), ...bytes);

test("a few rows of many have the classes of all, and files that do not belong together are told for what they are", async (context) => {
  const folder = tempFolder(context);
  const file = (name: string, content: Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const rows = file("rows", idx([3, 2], [0, 255, 1, 2, 3, 4]));
  const labels = file("labels", idx([3], [1, 9, 0]));
  const { data } = await readLabelled(rows, labels, 1);
  assert.deepEqual([data.classes, [...data.labels], [...data.x]], [10, [1], [0, 1]]);

  const refuses = (work: Promise<unknown>, naming: RegExp, next: RegExp): Promise<void> =>
    assert.rejects(work, (error) => error instanceof HolonError && error.code === "HOLON_SOURCE_UNREADABLE" && naming.test(error.message) && next.test(error.next));
  await refuses(readLabelled(rows, undefined), /rows is an idx file, which holds no labels/, /--labels.*--training-labels/);
  await refuses(readLabelled(rows, file("others", idx([2], [1, 0]))), /others has not one label for each of the 3 rows/, /labels that belong to these rows/);
  await refuses(readLabelled(rows, file("text", new TextEncoder().encode("labels as text"))), /text is no idx file/, /MNIST/);
});
