/** A trusted function in a worker thread of a workshop: it has timers and the whole of Node that needs no rights. */
import { HolonError } from "@holon/core/errors.ts";
import type { UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { parseUnitResult } from "@holon/core/run/result.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import type { PlatformModel } from "../model.ts";
import { startSandbox, type Sandbox } from "./sandbox.ts";

export interface WorkerOptions {
  models(): PlatformModel;
  talk?(unit: string, text: string): void;
}

export async function startInWorker(program: UnitProgram, { models: opener, talk }: WorkerOptions): Promise<UnitInstance> {
  const { name, models, fitted, state, timeoutMs, secrets, served } = program;
  let sandbox: Sandbox | undefined;
  const modelNames = Object.keys(models);
  const lost = (): void => void sandbox?.end(new HolonError("HOLON_UNIT_DIED", `function ${name} lost its models: the model worker ended`));
  const opened = modelNames.length === 0 ? undefined : await opener().connect(models, lost, { sleeps: true });
  try {
    const code = new TextDecoder().decode(program.code);
    sandbox = await startSandbox({ name, code, modelNames, fitted, state, line: opened?.line, describeOnly: false, ...(secrets === undefined ? {} : { secrets }), ...(served === undefined ? {} : { served: served.outputs }) }, (text) => talk?.(name, text), served);
  } catch (error) {
    opened?.forget();
    throw error;
  }
  const running = sandbox;
  const end = async (reason: HolonError): Promise<void> => {
    opened?.forget();
    await running.end(reason);
  };
  return {
    async handle(events) {
      const reply = await running.ask({ events }, timeoutMs).catch((error: unknown) => {
        opened?.forget();
        throw error;
      });
      const result = parseUnitResult(reply.text, reply.fitted, events.length);
      if (typeof result !== "string") return { ...result, usage: reply.usage };
      const error = withSpent(new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: ${result}`), reply.usage);
      await end(error);
      throw error;
    },
    stop: () => end(new HolonError("HOLON_UNIT_DIED", `function ${name} was stopped`)),
  };
}
