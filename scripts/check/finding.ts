/** What every checker takes and gives: files in, findings out, nothing read or printed in between. */

export interface TextFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

export const findingAt = (file: TextFile, offset: number, message: string): Finding => ({
  path: file.path,
  line: lineAt(file.text, offset),
  message,
});

export const printFinding = ({ path, line, message }: Finding): string => `${path}:${line}  ${message}`;
