import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { running } from "../testing/sim-family.ts";
import { bed, unitOf } from "../testing/unit-bed.ts";
import { nodeRoutes } from "./routes.ts";

test("what is to be handed over again and is not here is refused by name; what is here and has failed nothing is not", async () => {
  const { machine, send, until } = await bed([{ name: "sums", type: "in.came", extra: { retriesMax: 0 } }, { name: "calm", type: "calm.came" }]);
  await send("in.came", 13);
  await until("it is set aside", () => running(machine).failedEvents().length === 1);
  await until("it runs again", () => unitOf(machine, "sums")?.state === "running");
  const event = running(machine).failedEvents()[0]?.event;
  const route = nodeRoutes(running(machine)).find(({ path }) => path === "/v1/functions/replay");
  const replay = async (body: object): Promise<unknown> =>
    route?.handle({ params: {}, query: {}, body }).then(
      (answer) => answer.body,
      (error: unknown) => (error instanceof HolonError ? `${error.code}: ${error.message}` : error),
    );
  assert.equal(await replay({ app: "app", function: "nope" }), "HOLON_UNIT_UNKNOWN: gateway-1 runs no function app/nope");
  assert.equal(await replay({ app: "nope" }), "HOLON_UNIT_UNKNOWN: gateway-1 runs no app nope");
  assert.equal(await replay({ event: "gateway-1/x/local/1" }), "HOLON_EVENT_UNKNOWN: no event gateway-1/x/local/1 is set aside on gateway-1");
  assert.equal(await replay({ app: "app", function: "calm", event }), `HOLON_EVENT_UNKNOWN: no event ${event} is set aside on gateway-1`);
  assert.deepEqual([await replay({ app: "app", function: "calm" }), await replay({ event })], [{ replayed: 0 }, { replayed: 1 }]);
});
