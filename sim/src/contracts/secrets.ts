import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Secrets } from "@holon/core/ports.ts";

/** What every Secrets port promises. `open` gives one that holds these. */
export function secretsContract(name: string, open: (held: Readonly<Record<string, string>>) => Promise<Secrets>): void {
  describe(`secrets contract: ${name}`, () => {
    it("gives those that are asked for and there, and no other", async () => {
      const secrets = await open({ "erp-token": "12345678", "mail": "correct horse \"battery\" ☃" });
      assert.deepEqual(await secrets.read(["mail", "none"]), { mail: "correct horse \"battery\" ☃" });
      assert.deepEqual(await secrets.read(["erp-token", "mail"]), { "erp-token": "12345678", "mail": "correct horse \"battery\" ☃" });
      assert.deepEqual(await secrets.read([]), {});
    });

    it("has none where there are none", async () => {
      assert.deepEqual(await (await open({})).read(["erp-token"]), {});
    });
  });
}
