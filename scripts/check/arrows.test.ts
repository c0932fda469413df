import assert from "node:assert/strict";
import { test } from "node:test";
import { checkArrows, type Declared } from "./arrows.ts";

const declared: Declared = new Map([
  ["", new Set(["fast-check"])],
  ["core", new Set(["zod"])],
  ["node", new Set(["zod", "ws", "@holon/core", "@holon/platform", "@holon/sim", "@holon/control"])],
  ["control", new Set(["@holon/core", "@holon/node"])],
  ["platform", new Set(["ws", "@holon/core", "@holon/node"])],
  ["sdk", new Set(["@holon/core", "@holon/node"])],
  ["sim", new Set(["@holon/core", "@holon/node", "@holon/control"])],
  ["cli", new Set(["@holon/core", "@holon/sim", "@holon/platform"])],
  ["console", new Set(["@holon/core", "preact"])],
  ["examples/pump-watch", new Set(["@holon/sdk"])],
]);

const problems = (path: string, text: string): readonly string[] => checkArrows([{ path, text }], declared).map(({ message }) => message);
const caught = (path: string, text: string, pattern: RegExp): void => {
  const found = problems(path, text);
  assert.equal(found.length, 1, `${path}: ${text}`);
  assert.match(found[0] ?? "", pattern);
};
const passes = (path: string, text: string): void => assert.deepEqual(problems(path, text), [], `${path}: ${text}`);

test("arrows between workspaces", () => {
  passes("node/src/a.ts", `import { x } from "@holon/core/errors.ts";`);
  caught("node/src/a.ts", `import { x } from "@holon/platform/disk.ts";`, /node may not import platform/);
  caught("node/src/a.ts", `import type { X } from "@holon/sim/disk.ts";`, /node may not import sim/);
  caught("node/src/a.ts", `export { x } from "@holon/control/a.ts";`, /node may not import control/);
  caught("control/src/a.ts", `import { x } from "@holon/node/log/log.ts";`, /control may not import node/);
  caught("platform/src/a.ts", `import { x } from "@holon/node/a.ts";`, /platform may not import node/);
  caught("core/src/a.ts", `import { x } from "@holon/node/a.ts";`, /core may not import node/);
  caught("sdk/src/a.ts", `import { x } from "@holon/node/a.ts";`, /sdk may not import node/);
  caught("sim/src/a.ts", `import { x } from "@holon/platform/a.ts";`, /sim may not import platform/);
  caught("examples/pump-watch/src/a.ts", `import { x } from "@holon/core/a.ts";`, /examples may not import core/);
  caught("core/src/a.ts", `import { x } from "@holon/core/b.ts";`, /import the file itself/);
});

test("cli reaches sim lazily or for types, console reaches core for types", () => {
  passes("cli/src/a.ts", `const sim = await import("@holon/sim/run.ts"); import type { Result } from "@holon/sim/run.ts";`);
  caught("cli/src/a.ts", `import { run } from "@holon/sim/run.ts";`, /cli may not import sim, except by import\(\)/);
  passes("console/src/a.ts", `import type { Event } from "@holon/core/schema/event.ts";`);
  caught("console/src/a.ts", `import { eventSchema } from "@holon/core/schema/event.ts";`, /except for types/);
});

test("the outside: an allow-list for the pure, the manifest for the rest", () => {
  passes("node/src/a.ts", `import { z } from "zod";`);
  caught("node/src/a.ts", `import { WebSocket } from "ws";`, /node may not import ws: allowed are zod/);
  caught("control/src/a.ts", `import { z } from "zod";`, /zod is not in control\/package.json/);
  passes("platform/src/a.ts", `import { WebSocket } from "ws"; import { open } from "node:fs/promises";`);
  caught("platform/src/a.ts", `import x from "@peculiar/x509/build";`, /@peculiar\/x509 is not in platform\/package.json/);
  caught("core/src/a.ts", `import { open } from "node:fs";`, /core may not import node:fs/);
  caught("core/src/a.ts", `const x = await import(name);`, /computed/);
  caught("cli/src/a.ts", `import { x } from "@holon/node/a.ts";`, /@holon\/node is not in cli\/package.json/);
});

test("an example's functions are pure, what makes its files is not", () => {
  passes("examples/pump-watch/models/make.ts", `import { writeFileSync } from "node:fs";`);
  caught("examples/pump-watch/src/a.ts", `import { writeFileSync } from "node:fs";`, /examples may not import node:fs/);
  caught("examples/pump-watch/holon.app.ts", `import { join } from "node:path";`, /examples may not import node:path/);
});

test("relative imports stay in their workspace", () => {
  passes("core/src/a/b.ts", `import { x } from "../c.ts";`);
  caught("node/src/a.ts", `import { x } from "../../core/src/errors.ts";`, /leaves node/);
  caught("examples/pump-watch/src/a.ts", `import { x } from "../../other/src/a.ts";`, /leaves examples\/pump-watch/);
  caught("node/src/a.ts", `import { x } from "./testing/world.ts";`, /for tests only/);
});

test("tests may import more, but not everything", () => {
  const contract = `import { test } from "node:test"; import { diskContract } from "@holon/sim/contracts/disk.ts"; import fc from "fast-check";`;
  passes("node/src/a.test.ts", contract);
  passes("platform/src/a.test.ts", `${contract} import { need } from "../../scripts/testing/need.ts";`);
  caught("core/src/a.test.ts", `import { x } from "@holon/control/a.ts";`, /core may not import control/);
  caught("node/src/a.test.ts", `import { x } from "../../sim/src/a.ts";`, /leaves node/);
  caught("node/src/a.ts", `import { need } from "../../scripts/testing/need.ts";`, /leaves node/);
});
