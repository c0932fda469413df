/** Bad input as a table: what stands in the folder, what is called, and what must come of it. */
import assert from "node:assert/strict";
import { CommanderError } from "commander";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { argumentError, createProgram } from "../program.ts";
import { assertRefused } from "./assert-refused.ts";
import { runHolon } from "./holon-process.ts";

export interface Case {
  readonly what: string;
  readonly code: ErrorCode;
  readonly names: RegExp;
  /** Files by name, written into the test's folder. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** `at` gives the path of a file of the test's folder. */
  args(at: (name: string) => string): readonly string[];
}

/** Of so many cases one goes through a process of its own, another with each HOLON_SIM_ROTATION; the others call the command in this one. */
const processEvery = 8;
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % processEvery;

/** One test for each case. */
export function refuses(cases: readonly Case[]): void {
  for (const [index, { what, code, names, files = {}, args }] of cases.entries()) {
    test(`${what}: ${code}`, { timeout: 60_000 }, async (context) => {
      const folder = tempFolder(context);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      const words = args((name) => join(folder, name));
      if (index % processEvery === rotation) return assertRefused(await runHolon(context, words), code, names);
      const program = createProgram(() => new AbortController().signal);
      await assert.rejects(program.parseAsync([...words], { from: "user" }), (error) => {
        const coded = error instanceof CommanderError ? argumentError(program, words, error) : error instanceof HolonError ? error : assert.fail(String(error));
        assert.equal(coded.code, code);
        assert.match(coded.message, names);
        assert.match(coded.next, /\S/);
        return true;
      });
    });
  }
}

/** A small recording of two columns. */
export const rows = (count: number): readonly string[] => Array.from({ length: count }, (_, row) => `${row}.5,${row % 7}`);
export const table = (lines: readonly string[]): string => ["a,b", ...lines].map((line) => `${line}\n`).join("");
export const good = { "good.csv": table(rows(60)) };

export const playOnce = ["up", "--once", "--speed", "max", "--port-base", "0"] as const;

/** Plays a file of the test's folder into its folder `data`. */
export const play = (file: string, ...more: readonly string[]) => (at: (name: string) => string): readonly string[] => [...playOnce, "--replay", at(file), "--data", at("data"), ...more];
