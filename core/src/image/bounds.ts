/** Bounds of images and of programs. At each of them that says nothing else: `HOLON_IMAGE_BAD`. */
export const imageBounds = {
  /** All files of an image, unpacked; hard links to one content count once. */
  imageBytesMax: 1 << 30,
  /** Entries of one archive. */
  imageEntriesMax: 200_000,
  imageLayersMax: 128,
  /** A path's parts, one part in bytes as the common file systems have it, and a link's target. */
  imageDepthMax: 64,
  imageNameBytesMax: 255,
  imageLinkCharactersMax: 4_096,
  /** A header that is an entry of its own, and one of the image's documents. */
  imageHeaderBytesMax: 64 << 10,
  imageDocumentBytesMax: 4 << 20,
  /** Processes of one function's program at once. At the bound: it is ended. */
  programProcessesMax: 256,
  /** What a program, of an image or not, may keep in its `/tmp`, in its `/run`, and in its `/dev/shm`. At the bound its disk is full. */
  imageScratchBytes: 64 << 20,
  /** Files and folders that it, or a process, may put into the folder of its socket, of that size together; how often that, and the memory of all its processes, is looked at. At the bound: it is ended. */
  imageFolderEntriesMax: 4_096,
  imageFolderLookMs: 500,
  /** Images that a node keeps unpacked while none of their functions runs. At the bound: the oldest is removed. */
  imagesUnpackedMax: 4,
} as const;
