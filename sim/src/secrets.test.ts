import { secretsContract } from "./contracts/secrets.ts";
import { createSecrets } from "./secrets.ts";

secretsContract("simulated", (held) => Promise.resolve(createSecrets(held)));
