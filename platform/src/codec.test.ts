import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync } from "node:zlib";
import { HolonError } from "@holon/core/errors.ts";
import { codecContract } from "@holon/sim/contracts/codec.ts";
import { createCodec } from "./codec.ts";

codecContract("platform", createCodec);

test("a frame that asks for a window larger than any frame is refused before its memory is taken", () => {
  const params = { [constants.ZSTD_c_windowLog]: 27 };
  const large = zstdCompressSync(new Uint8Array(32 << 20), { params });
  assert.throws(() => createCodec().decompress(large, 64 << 20), (error) => error instanceof HolonError && error.code === "HOLON_FRAME_BAD");
});
