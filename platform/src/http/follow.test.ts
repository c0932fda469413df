import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { StopSignal } from "@holon/core/api/route.ts";
import { createFollowers } from "./follow.ts";

for (const [form, alive] of [["serve", "\n"], ["serveEvents", ":\n\n"]] as const) {
  test(`where nothing happens, ${form} says again and again that it is alive`, async (context) => {
    const followers = createFollowers(5);
    const server = createServer((_request, response) => void followers[form](nothingUntil, response)).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => {
      followers.stop();
      server.close();
    });
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.length >= 3 * alive.length) break;
    }
    assert.equal(text.replaceAll(alive, ""), "");
  });
}

async function* nothingUntil(signal: StopSignal): AsyncGenerator<never> {
  yield* await new Promise<readonly never[]>((resolve) => signal.onAbort(() => resolve([])));
}
