/** A gateway's own program as one file: where it lies, and what it is made of. */
import { join } from "node:path";
import { restoreOneFile, type OneFileOptions } from "@holon/platform/one-file.ts";
import { programFolder } from "@holon/platform/measurer/compiled.ts";
import { languages } from "./one-language.ts";

/** What reads commands is not part of it: a node that runs is told what to run. */
export const ownProgram = (cache: string): OneFileOptions => ({
  entry: join(import.meta.dirname, "../holon.ts"),
  folder: join(cache, programFolder),
  apart: [join(import.meta.dirname, "../program.ts")],
  empty: languages,
});

/** Of a program that runs, what is gone from there. Loaded with it: it may be gone itself. */
export const restoreOwnProgram = (cache: string, gone: Readonly<Record<string, string>>): Promise<void> => restoreOneFile(ownProgram(cache), gone);
