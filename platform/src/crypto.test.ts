import { cipherContract, cryptoContract } from "@holon/sim/contracts/crypto.ts";
import { createCipher } from "./cipher.ts";
import { createCrypto } from "./crypto.ts";

cryptoContract("platform", createCrypto);
cipherContract("platform", () => createCipher(new Map([[1, new Uint8Array(32).fill(7)]]), 1));
