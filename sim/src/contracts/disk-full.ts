import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { withSubject, type CreateSubject } from "./subject.ts";

/** What a volume for this suite has room for. */
export const smallVolumeBytes = 2 << 20;
const large = new Uint8Array(2 * smallVolumeBytes).fill(1);
const most = new Uint8Array((smallVolumeBytes * 5) >> 3).fill(2);
const little = new Uint8Array(5_000).fill(3);

const isFull = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_DISK_FULL";
/** Some file systems look for room when a byte is written, others when it is synced. */
const keep = async (file: DiskFile, position: number, bytes: Uint8Array): Promise<void> => {
  await file.write(position, bytes);
  await file.sync();
};

/** What every disk promises when it has no room left; `create` gives an empty volume of `smallVolumeBytes`, or says why there is none. */
export function diskFullContract(name: string, create: CreateSubject<Disk>, skip: string | false = false): void {
  describe(`disk contract, no room: ${name}`, { skip }, () => {
    const test = (what: string, work: (disk: Disk) => Promise<void>): void => {
      it(what, () => withSubject(create, work));
    };

    test("what does not fit is refused before anything is called durable, and what was kept before stays", async (disk) => {
      const file = await disk.open("one", { create: true });
      await keep(file, 0, little);
      await assert.rejects(keep(file, little.length, large), isFull);
      assert.deepEqual(await file.read(0, little.length), little);
      await file.close();
    });

    test("cut back to what was kept it takes what fits, and its sync can be trusted again", async (disk) => {
      const file = await disk.open("one", { create: true });
      await keep(file, 0, little);
      for (const again of [1, 2]) {
        await assert.rejects(keep(file, little.length * again, large), isFull);
        await file.truncate(little.length * again);
        await keep(file, little.length * again, little);
        assert.equal(file.size(), little.length * (again + 1));
      }
      await file.close();
    });

    test("the same where writing and syncing are one", async (disk) => {
      const file = await disk.open("one", { create: true });
      await file.writeThrough(0, little);
      await assert.rejects(file.writeThrough(little.length, large), isFull);
      await file.truncate(little.length);
      await file.writeThrough(little.length, little);
      assert.deepEqual(await file.read(little.length, little.length), little);
      await file.close();
    });

    test("a file that was removed and is open keeps its room, which is there again when it is closed", async (disk) => {
      const first = await disk.open("first", { create: true });
      await keep(first, 0, most);
      await disk.remove("first");
      await disk.syncFolder("");
      const second = await disk.open("second", { create: true });
      await assert.rejects(keep(second, 0, most), isFull);
      await second.truncate(0);
      assert.deepEqual((await first.read(0, 3)), most.slice(0, 3));
      await first.close();
      await keep(second, 0, most);
      await second.close();
    });

    test("so does one whose name another file has taken", async (disk) => {
      const first = await disk.open("first", { create: true });
      await keep(first, 0, most);
      const second = await disk.open("second", { create: true });
      await keep(second, 0, little);
      await disk.rename("second", "first");
      await disk.syncFolder("");
      await assert.rejects(keep(second, little.length, most), isFull);
      await second.truncate(little.length);
      await first.close();
      await keep(second, little.length, most);
      await second.close();
    });

    test("the space it tells of is the room that is left", async (disk) => {
      const before = await disk.space();
      const file = await disk.open("one", { create: true });
      await keep(file, 0, most);
      const after = await disk.space();
      if (before !== undefined && after !== undefined) assert.ok(before.freeBytes - after.freeBytes >= most.length, `${before.freeBytes} and then ${after.freeBytes}`);
      await file.close();
    });
  });
}
