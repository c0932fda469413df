import { credentialsContract } from "./contracts/credentials.ts";
import { createCredentials } from "./credentials.ts";
import { SeededRandom } from "./random.ts";

credentialsContract("simulated", () => createCredentials(new SeededRandom("credentials")));
