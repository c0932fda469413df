/** Scenarios of damage and power cuts once more, with the log of every node encrypted: what holds of a log holds of an encrypted one. */
import { createCipher } from "../cipher.ts";
import type { Scenario } from "../scenario.ts";
import type { SubjectProgram } from "../subject.ts";
import { bitFlipEverywhere, rubbishEverywhere } from "./bit-flip-everywhere.ts";
import { powerCutEverywhere } from "./power-cut-everywhere.ts";

export const encryptedScenarios: readonly Scenario[] = [powerCutEverywhere, bitFlipEverywhere, rubbishEverywhere].map((scenario) => ({
  ...scenario,
  name: `${scenario.name}-encrypted`,
  about: `${scenario.about} Logs are encrypted.`,
  program: encrypting,
}));

function encrypting(program: SubjectProgram): SubjectProgram {
  return { ...program, boot: (config, ports) => program.boot(config, { ...ports, cipher: createCipher(config.name, ports.random) }) };
}
