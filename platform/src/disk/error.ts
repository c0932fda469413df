import { type ErrorCode, HolonError } from "@holon/core/errors.ts";

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "HOLON_DISK_FULL",
  EDQUOT: "HOLON_DISK_FULL",
  EROFS: "HOLON_DISK_READ_ONLY",
  EACCES: "HOLON_DISK_READ_ONLY",
  EPERM: "HOLON_DISK_READ_ONLY",
  ENOENT: "HOLON_DISK_MISSING",
};

/** What the system's refusal of `verb` on `path` means for a node. An error that has a code of ours stays itself. */
export function diskError(verb: string, path: string, cause: unknown): HolonError {
  if (cause instanceof HolonError) return cause;
  const errno = errnoOf(cause);
  const said = errno ?? (cause instanceof Error ? cause.message : String(cause));
  return new HolonError((errno === undefined ? undefined : codes[errno]) ?? "HOLON_DISK_FAILED", `cannot ${verb} ${path}: ${said}`, { cause });
}

/** Whether `error` is the system's error of that name, for example `ENOENT`. */
export const isErrno = (error: unknown, name: string): boolean => errnoOf(error) === name;

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
