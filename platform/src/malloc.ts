/**
 * What glibc's allocator of a process that runs for months is told (mallopt(3)), by its environment: it reads it before anything of ours runs.
 *
 * By itself it learns, when the first large block is given back, to take blocks of that size from its heap: events come and go in blocks of 32 KiB
 * and more among what stays, and the heap keeps the size of the worst moment. Given a threshold it learns nothing: such blocks go back at once.
 */
export const thriftyMalloc: Readonly<Record<string, string>> = {
  /** Arenas for all threads: each keeps what is free in it, and a second one kept 4 MB of a gateway that nobody used. */
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: `${32 << 10}`,
  MALLOC_TRIM_THRESHOLD_: `${128 << 10}`,
};
