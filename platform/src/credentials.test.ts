import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsContract } from "@holon/sim/contracts/credentials.ts";
import { createCredentials } from "./credentials.ts";

credentialsContract("real", () => createCredentials());

test("what is sealed says how it was, holds no password, and what is not of this form matches nothing", async () => {
  const credentials = createCredentials();
  const sealed = await credentials.seal("correct horse battery");
  assert.match(sealed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await credentials.matches("correct horse battery", sealed.replace("v=19", "v=16")), false);
  assert.equal(await credentials.matches("correct horse battery", sealed.replace("t=2", "t=3")), false);
});

test("letters written in one or in two parts are the same password", async () => {
  const credentials = createCredentials();
  assert.ok(await credentials.matches("Sch\u00f6ne Gru\u0308\u00dfe 1", await credentials.seal("Scho\u0308ne Gr\u00fc\u00dfe 1")));
});
