import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ErrorCode, HolonError } from "@holon/core/errors.ts";
import type { Disk } from "@holon/core/ports.ts";
import { type CreateSubject, withSubject } from "./subject.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const fails = (work: Promise<unknown>, code: ErrorCode, naming: RegExp): Promise<void> =>
  assert.rejects(work, (error) => error instanceof HolonError && error.code === code && naming.test(error.message));

/** What every disk promises to a caller that keeps its power; `create` gives an empty one. */
export function diskContract(name: string, create: CreateSubject<Disk>): void {
  describe(`disk contract: ${name}`, () => {
    const test = (what: string, work: (disk: Disk) => Promise<void>): void => {
      it(what, () => withSubject(create, work));
    };

    test("reads back what was written, before and after sync and opening again", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1, 2, 3));
      assert.deepEqual(await file.read(0, 3), bytes(1, 2, 3));
      await file.sync();
      await file.close();
      const again = await disk.open("one", { create: false });
      assert.equal(again.size(), 3);
      assert.deepEqual(await again.read(1, 2), bytes(2, 3));
      await again.close();
    });

    test("writes through, before, between and behind what is written", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1, 2, 3));
      await file.writeThrough(2, bytes(7, 8, 9));
      assert.equal(file.size(), 5);
      await file.truncate(4);
      await file.writeThrough(4, bytes(5));
      assert.deepEqual(await file.read(0, 9), bytes(1, 2, 7, 8, 5));
      await file.close();
      await fails(file.writeThrough(0, bytes(1)), "HOLON_DISK_FAILED", /one/);
    });

    test("writes through into a file whose name is gone, or is another file's", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1));
      await disk.remove("one");
      await file.writeThrough(1, bytes(2));
      const other = await disk.open("two", { create: true });
      await (await disk.open("three", { create: true })).close();
      await disk.rename("three", "two");
      await other.writeThrough(0, bytes(3));
      assert.deepEqual([await file.read(0, 9), await other.read(0, 9)], [bytes(1, 2), bytes(3)]);
      const named = await disk.open("two", { create: false });
      assert.equal(named.size(), 0);
      for (const each of [file, other, named]) await each.close();
    });

    test("hands out plain bytes that are the caller's own", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1, 2, 3));
      const first = await file.read(0, 3);
      assert.equal(Object.getPrototypeOf(first), Uint8Array.prototype);
      first.fill(9);
      assert.deepEqual(await file.read(0, 3), bytes(1, 2, 3));
      await file.close();
    });

    test("reads less at the end and nothing past it", async (disk) => {
      const file = await disk.open("one", { create: true });
      assert.deepEqual(await file.read(0, 10), bytes());
      await file.write(0, bytes(1, 2, 3));
      assert.deepEqual(await file.read(2, 10), bytes(3));
      assert.deepEqual(await file.read(3, 10), bytes());
      assert.deepEqual(await file.read(1000, 10), bytes());
      assert.deepEqual(await file.read(0, 0), bytes());
      await file.close();
    });

    test("overwrites in place, grows at the end, and fills a gap with zeros", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1, 2, 3));
      await file.write(1, bytes(8));
      assert.equal(file.size(), 3);
      await file.write(2, bytes(9, 10));
      assert.equal(file.size(), 4);
      await file.write(6, bytes(7));
      assert.equal(file.size(), 7);
      assert.deepEqual(await file.read(0, 7), bytes(1, 8, 9, 10, 0, 0, 7));
      await file.write(7, bytes());
      assert.equal(file.size(), 7);
      await file.close();
    });

    test("writes from inside a larger buffer, and large ones whole", async (disk) => {
      const large = Uint8Array.from({ length: 3_000_001 }, (_, index) => index % 251);
      const file = await disk.open("one", { create: true });
      await file.write(0, large.subarray(1));
      await file.sync();
      assert.equal(file.size(), 3_000_000);
      assert.deepEqual(await file.read(0, 3_000_000), large.slice(1));
      await file.close();
    });

    test("truncates and lengthens", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1, 2, 3, 4));
      await file.truncate(2);
      assert.equal(file.size(), 2);
      assert.deepEqual(await file.read(0, 4), bytes(1, 2));
      await file.truncate(4);
      assert.deepEqual(await file.read(0, 4), bytes(1, 2, 0, 0));
      await file.close();
    });

    test("keeps the content of a file that is opened to be made", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1));
      await file.close();
      const again = await disk.open("one", { create: true });
      assert.equal(again.size(), 1);
      await again.close();
    });

    test("refuses every use of a closed file, and closes twice", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.close();
      await file.close();
      await fails(file.read(0, 1), "HOLON_DISK_FAILED", /one/);
      await fails(file.write(0, bytes(1)), "HOLON_DISK_FAILED", /one/);
      await fails(file.sync(), "HOLON_DISK_FAILED", /one/);
      await fails(file.truncate(0), "HOLON_DISK_FAILED", /one/);
    });

    test("names what is missing", async (disk) => {
      await fails(disk.open("nothing", { create: false }), "HOLON_DISK_MISSING", /nothing/);
      await fails(disk.open("folder/nothing", { create: true }), "HOLON_DISK_MISSING", /nothing/);
      await fails(disk.rename("nothing", "else"), "HOLON_DISK_MISSING", /nothing/);
      await fails(disk.syncFolder("folder"), "HOLON_DISK_MISSING", /folder/);
    });

    test("does not open a folder as a file", async (disk) => {
      await disk.makeFolder("folder");
      await fails(disk.open("folder", { create: false }), "HOLON_DISK_FAILED", /folder/);
    });

    test("lists names sorted; nothing for a folder that is not there", async (disk) => {
      assert.deepEqual(await disk.list("a/b"), []);
      await disk.makeFolder("a/b");
      await disk.makeFolder("a/b");
      for (const path of ["a/b/z", "a/b/Y", "a/b/10", "a/b/9"]) await (await disk.open(path, { create: true })).close();
      assert.deepEqual(await disk.list("a/b"), ["10", "9", "Y", "z"]);
      assert.deepEqual(await disk.list("a"), ["b"]);
      assert.deepEqual(await disk.list(""), ["a"]);
    });

    test("renames over what is there, and syncs the folder", async (disk) => {
      await disk.makeFolder("log");
      for (const [path, value] of [["log/new", 1], ["log/old", 2]] as const) {
        const file = await disk.open(path, { create: true });
        await file.write(0, bytes(value));
        await file.sync();
        await file.close();
      }
      await disk.rename("log/new", "log/old");
      await disk.syncFolder("log");
      await disk.syncFolder("");
      assert.deepEqual(await disk.list("log"), ["old"]);
      const file = await disk.open("log/old", { create: false });
      assert.deepEqual(await file.read(0, 1), bytes(1));
      await file.close();
    });

    test("removes files and empty folders; what is not there is no error", async (disk) => {
      await disk.makeFolder("folder");
      await (await disk.open("folder/one", { create: true })).close();
      await disk.remove("folder/one");
      await disk.remove("folder/one");
      await disk.remove("nowhere/one");
      assert.deepEqual(await disk.list("folder"), []);
      await disk.remove("folder");
      assert.deepEqual(await disk.list(""), []);
    });

    test("takes a file that is open out of its folder and leaves it readable", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.write(0, bytes(1));
      await disk.remove("one");
      assert.deepEqual(await disk.list(""), []);
      assert.deepEqual(await file.read(0, 1), bytes(1));
      await file.close();
    });

    test("treats a path that leaves the folder as a defect", async (disk) => {
      for (const path of ["../outside", "a/../../outside", "/etc/passwd"]) {
        await fails((async () => disk.open(path, { create: true }))(), "HOLON_INTERNAL", /leaves/);
      }
    });

    test("says how much space there is", async (disk) => {
      const space = await disk.space();
      if (space === undefined) return;
      assert.ok(space.freeBytes >= 0 && space.freeBytes <= space.totalBytes);
    });

    test("keeps operations that overlap apart", async (disk) => {
      const files = await Promise.all(["a", "b", "c"].map((path) => disk.open(path, { create: true })));
      await Promise.all(files.flatMap((file, index) => [0, 1, 2, 3].map((place) => file.write(place * 1000, new Uint8Array(1000).fill(index * 4 + place)))));
      await Promise.all(files.map((file) => file.sync()));
      for (const [index, file] of files.entries()) {
        for (const place of [0, 1, 2, 3]) assert.deepEqual(await file.read(place * 1000, 1000), new Uint8Array(1000).fill(index * 4 + place));
        await file.close();
      }
    });
  });
}
