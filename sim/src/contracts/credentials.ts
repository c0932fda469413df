import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Credentials } from "@holon/core/ports.ts";

/** What every Credentials port promises. */
export function credentialsContract(name: string, open: () => Credentials): void {
  describe(`credentials contract: ${name}`, () => {
    it("knows a password again and no other, and seals the same one differently each time", async () => {
      const credentials = open();
      const [one, two] = [await credentials.seal("correct horse battery"), await credentials.seal("correct horse battery")];
      assert.notEqual(one, two);
      assert.ok((await credentials.matches("correct horse battery", one)) && (await credentials.matches("correct horse battery", two)));
      assert.equal(await credentials.matches("correct horse batterY", one), false);
      assert.ok(!one.includes("correct") && !one.includes("battery"));
    });

    it("matches nothing where nothing was sealed, or what is there is none of its own", async () => {
      const credentials = open();
      assert.equal(await credentials.matches("correct horse battery", undefined), false);
      assert.equal(await credentials.matches("", undefined), false);
      assert.equal(await credentials.matches("correct horse battery", "correct horse battery"), false);
    });

    it("conceals a text under a key, differently each time, and reveals it under that key and about that alone", () => {
      const { conceal, reveal } = open();
      const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
      const [one, two] = [conceal(key, "about", "words of ä person"), conceal(key, "about", "words of ä person")];
      assert.notEqual(one, two);
      assert.match(one, /^[\w-]+$/);
      for (const concealed of [one, two]) assert.equal(reveal(key, "about", concealed), "words of ä person");
      assert.equal(reveal(key, "about", conceal(key, "about", "")), "");
      assert.equal(reveal(other, "about", one), undefined);
      assert.equal(reveal(key, "else", one), undefined);
      for (const bad of ["", "words", one.slice(0, -4), `${one.startsWith("A") ? "B" : "A"}${one.slice(1)}`]) assert.equal(reveal(key, "about", bad), undefined);
    });

    it("makes secrets that differ and go into a header as they are", () => {
      const { secret } = open();
      const made = Array.from({ length: 100 }, () => secret());
      assert.equal(new Set(made).size, 100);
      for (const one of made) assert.match(one, /^[\w-]{43}$/);
    });
  });
}
