import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ErrorCode, HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Listener, Net } from "@holon/core/ports.ts";
import { type CreateSubject, withSubject } from "./subject.ts";

/** Two nodes of one network: `edge-1`, which listens, and its child `gateway-1`. */
export interface NetPair {
  readonly parent: Net;
  readonly child: Net;
  /** Where the parent may listen; every call of `listen` gets a place of its own. */
  readonly listenAddress: string;
  /** Where nobody listens. */
  readonly emptyAddress: string;
}

/** One end and all that happened to it. */
class End {
  readonly connection: Connection;
  readonly frames: Uint8Array[] = [];
  readonly reasons: string[] = [];
  #changed: () => void = () => undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  listen(): this {
    this.connection.receive({
      frame: (bytes) => {
        this.frames.push(bytes);
        this.#changed();
      },
      closed: (reason) => {
        this.reasons.push(reason);
        this.#changed();
      },
    });
    return this;
  }

  /** Resolves when the condition holds; it is looked at after each frame and at the end. */
  async until(condition: (end: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

interface Link {
  readonly up: End;
  readonly down: End;
  readonly listener: Listener;
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const fails = (work: Promise<unknown>, code: ErrorCode): Promise<void> =>
  assert.rejects(work, (error) => error instanceof HolonError && error.code === code);
const isClosed = (end: End): boolean => end.reasons.length > 0;

/** What every network promises where nothing goes wrong on the way. */
export function netContract(name: string, create: CreateSubject<NetPair>): void {
  describe(`net contract: ${name}`, () => {
    const test = (what: string, work: (pair: NetPair) => Promise<void>): void => {
      it(what, () => withSubject(create, work));
    };
    const linked = (what: string, work: (link: Link) => Promise<void>): void => {
      test(what, async (pair) => {
        const link = await openLink(pair);
        await work(link);
        link.up.connection.close("the test is over");
        await Promise.all([link.up.until(isClosed), link.down.until(isClosed)]);
        await link.listener.close();
      });
    };

    linked("tells each end the other's name", async ({ up, down, listener }) => {
      assert.equal(up.connection.peer, "edge-1");
      assert.equal(down.connection.peer, "gateway-1");
      assert.match(listener.address, /^wss:\/\/.+:[1-9]\d*$/);
    });

    linked("carries frames both ways, whole and in order", async ({ up, down }) => {
      const sizes = [0, 1, 125, 126, 65_535, 65_536, 200_000, 3];
      for (const [index, size] of sizes.entries()) {
        up.connection.send(new Uint8Array(size).fill(index));
        down.connection.send(new Uint8Array(size).fill(index + 100));
      }
      await Promise.all([up.until(({ frames }) => frames.length === sizes.length), down.until(({ frames }) => frames.length === sizes.length)]);
      assert.deepEqual(down.frames, sizes.map((size, index) => new Uint8Array(size).fill(index)));
      assert.deepEqual(up.frames, sizes.map((size, index) => new Uint8Array(size).fill(index + 100)));
      assert.ok(down.frames.every((frame) => Object.getPrototypeOf(frame) === Uint8Array.prototype));
    });

    linked("carries a frame of the greatest size, and takes a larger one for a defect", async ({ up, down }) => {
      assert.throws(() => up.connection.send(new Uint8Array(limits.frameBytesMax + 1)), { code: "HOLON_INTERNAL" });
      up.connection.send(new Uint8Array(limits.frameBytesMax).fill(5));
      await down.until(({ frames }) => frames.length === 1);
      assert.equal(down.frames[0]?.length, limits.frameBytesMax);
    });

    linked("counts at least the bytes of the frames, and as much on one end as on the other", async ({ up, down }) => {
      const before = down.connection.traffic();
      for (let count = 0; count < 50; count++) up.connection.send(new Uint8Array(1000));
      await down.until(({ frames }) => frames.length === 50);
      const after = down.connection.traffic();
      const carried = after.receivedBytes - before.receivedBytes;
      assert.ok(carried >= 50_000 && carried < 60_000, `${carried} bytes`);
      assert.ok(up.connection.traffic().sentBytes >= 50_000);
      assert.ok(up.connection.traffic().receivedBytes > 0 && before.sentBytes > 0);
    });

    linked("has nothing queued once all has arrived", async ({ up, down }) => {
      up.connection.send(new Uint8Array(500_000));
      assert.ok(up.connection.queuedBytes() >= 500_000);
      await down.until(({ frames }) => frames.length === 1);
      down.connection.send(bytes(1));
      await up.until(({ frames }) => frames.length === 1);
      assert.equal(up.connection.queuedBytes(), 0);
    });

    test("holds frames and the end until the handlers are set", async (pair) => {
      const { up, down, listener } = await openLink(pair, { listening: false });
      up.listen();
      up.connection.send(bytes(1));
      up.connection.send(bytes(2));
      up.connection.close("early");
      await up.until(isClosed);
      down.listen();
      assert.deepEqual([down.frames, down.reasons], [[], []], "no call from inside receive");
      await down.until(isClosed);
      assert.deepEqual(down.frames, [bytes(1), bytes(2)]);
      assert.deepEqual(down.reasons, ["early"]);
      await listener.close();
    });

    for (const closer of ["up", "down"] as const) {
      test(`tells both ends once when the ${closer} end closes, after what was sent before`, async (pair) => {
        const link = await openLink(pair);
        const near = link[closer];
        const far = link[closer === "up" ? "down" : "up"];
        near.connection.send(bytes(1));
        near.connection.close("going");
        near.connection.close("again");
        assert.deepEqual(near.reasons, [], "not from inside close");
        await Promise.all([near.until(isClosed), far.until(isClosed)]);
        assert.deepEqual([near.reasons, far.reasons, far.frames], [["going"], ["going"], [bytes(1)]]);
        near.connection.send(bytes(2));
        far.connection.send(bytes(2));
        assert.ok(near.connection.traffic().sentBytes > 0);
        await link.listener.close();
      });
    }

    test("connects again, and more than once at a time", async (pair) => {
      const { up, down, listener } = await openLink(pair);
      const second = new End(await pair.child.connect(listener.address)).listen();
      second.connection.close("the second");
      await second.until(isClosed);
      assert.deepEqual(up.reasons, []);
      up.connection.close("the first");
      await Promise.all([up.until(isClosed), down.until(isClosed)]);
      const third = new End(await pair.child.connect(listener.address)).listen();
      assert.equal(third.connection.peer, "edge-1");
      third.connection.close("the third");
      await third.until(isClosed);
      await listener.close();
    });

    test("says that nobody answers, before there is a listener and after it closed", async (pair) => {
      await fails(pair.child.connect(pair.emptyAddress), "HOLON_LINK_UNREACHABLE");
      const listener = await pair.parent.listen(pair.listenAddress, () => assert.fail("nobody should get in"));
      await listener.close();
      await fails(pair.child.connect(listener.address), "HOLON_LINK_UNREACHABLE");
    });

    test("says that an address is taken, and lets it go when the listener closes", async (pair) => {
      const first = await pair.parent.listen(pair.listenAddress, () => undefined);
      await fails(pair.parent.listen(first.address, () => undefined), "HOLON_PORT_TAKEN");
      await first.close();
      const second = await pair.parent.listen(first.address, () => undefined);
      assert.equal(second.address, first.address);
      await second.close();
    });

    test("keeps what was accepted when the listener closes", async (pair) => {
      const { up, down, listener } = await openLink(pair);
      await listener.close();
      up.connection.send(bytes(1));
      await down.until(({ frames }) => frames.length === 1);
      down.connection.close("done");
      await Promise.all([up.until(isClosed), down.until(isClosed)]);
    });
  });
}

async function openLink({ parent, child, listenAddress }: NetPair, { listening = true } = {}): Promise<Link> {
  let accept: (connection: Connection) => void = () => undefined;
  const accepted = new Promise<Connection>((resolve) => (accept = resolve));
  const listener = await parent.listen(listenAddress, (connection) => accept(connection));
  const up = new End(await child.connect(listener.address));
  const down = new End(await accepted);
  if (listening) for (const end of [up, down]) end.listen();
  return { up, down, listener };
}
