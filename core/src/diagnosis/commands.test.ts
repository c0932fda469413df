import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine, commandSchema } from "./commands.ts";

const declared = commandSchema.parse({ name: "tail", run: ["/usr/bin/tail", "-n", "{count}", "/var/log/{unit}", "{unit}"], arguments: [{ name: "count", pattern: "\\d{1,3}" }, { name: "unit", values: ["a", "b"] }], class: "public" });

test("arguments stand for whole words, and are nothing but what is declared", () => {
  assert.deepEqual(commandLine(declared, { count: "10", unit: "a" }).words, ["/usr/bin/tail", "-n", "10", "/var/log/{unit}", "a"]);
  for (const given of [{}, { count: "10" }, { count: "10; rm", unit: "a" }, { count: "1000", unit: "a" }, { count: "10", unit: "c" }, { count: "10", unit: "a", more: "x" }, { count: "10\n", unit: "a" }]) {
    assert.throws(() => commandLine(declared, given), { code: "HOLON_ARGUMENT_BAD" }, JSON.stringify(given));
  }
});

test("an argument is never an option of the program", () => {
  const open = commandSchema.parse({ name: "look", run: ["/bin/ls", "{what}"], arguments: [{ name: "what", pattern: ".*" }], class: "public" });
  assert.throws(() => commandLine(open, { what: "-R" }), { code: "HOLON_ARGUMENT_BAD" });
});

test("a program is named with its whole path, and what it prints has a class", () => {
  for (const bad of [{ name: "x", run: ["ls"], class: "public" }, { name: "x", run: ["/bin/ls"] }, { name: "x", run: [], class: "public" }, { name: "x", run: ["/bin/ls", "{a}"], arguments: [{ name: "a", pattern: "(" }], class: "public" }]) assert.equal(commandSchema.safeParse(bad).success, false, JSON.stringify(bad));
});
