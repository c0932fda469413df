/** Writes a tar archive (POSIX.1-1988 ustar): what a folder with an image's layout is stored as, byte for byte the same for the same files. */
import { assert } from "../errors.ts";

export interface TarFile {
  readonly path: string;
  readonly content?: Uint8Array;
  readonly mode?: number;
  /** As in the header: `0` a file, `1` a hard link, `2` a link, `3` a character device, `5` a folder, `6` a pipe. */
  readonly type?: "0" | "1" | "2" | "3" | "5" | "6";
  readonly target?: string;
}

const blockBytes = 512;
const encoder = new TextEncoder();

export function writeTar(files: readonly TarFile[]): Uint8Array {
  const sizeOf = ({ content }: TarFile): number => blockBytes + Math.ceil((content?.length ?? 0) / blockBytes) * blockBytes;
  const archive = new Uint8Array(files.reduce((sum, file) => sum + sizeOf(file), 2 * blockBytes));
  let at = 0;
  for (const file of files) {
    archive.set(headerOf(file), at);
    archive.set(file.content ?? new Uint8Array(0), at + blockBytes);
    at += sizeOf(file);
  }
  return archive;
}

function headerOf({ path, content, mode = 0o644, type = "0", target = "" }: TarFile): Uint8Array {
  const header = new Uint8Array(blockBytes);
  const put = (at: number, length: number, text: string): void => {
    const bytes = encoder.encode(text);
    assert(bytes.length <= length, `${JSON.stringify(text)} is too long for a tar header`);
    header.set(bytes, at);
  };
  const octal = (at: number, length: number, value: number): void => put(at, length, value.toString(8).padStart(length - 1, "0"));
  put(0, 100, path);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, content?.length ?? 0);
  octal(136, 12, 0);
  put(148, 8, "        ");
  put(156, 1, type);
  put(157, 100, target);
  put(257, 8, "ustar\x0000");
  octal(148, 7, header.reduce((sum, byte) => sum + byte, 0));
  header[154] = 0;
  header[155] = 0x20;
  return header;
}
