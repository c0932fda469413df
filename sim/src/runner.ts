/**
 * The Runner port in a simulation: functions run inline, in the order they are called, with no thread and no timer. Loading a
 * module takes turns of the real event loop, so it is done before the simulation: `prepare`, then everything resolves in
 * microtasks. Instances of the same code share what the module keeps outside of `run`, and there is no timeout.
 */
import { HolonError } from "@holon/core/errors.ts";
import type { Runner, Tensors, UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { fromSandbox, type CrossingError } from "@holon/core/run/crossing.ts";
import type { UnitDefinition } from "@holon/core/run/definition.ts";
import { createUnitHost, type HostModels, type UnitHost } from "@holon/core/run/host.ts";
import { parseDefinition } from "@holon/core/run/parse-definition.ts";
import { parseUnitResult } from "@holon/core/run/result.ts";
import { loadEvaluatedModel } from "@holon/core/model/evaluator.ts";

export interface SimulatedRunner extends Runner {
  /** Loads a bundled module, so that `start` finds it. `HOLON_UNIT_BAD`. */
  prepare(name: string, code: Uint8Array): Promise<void>;
}

/** What a sandbox sent that its function has taken over: a result as text with what it fitted, or how it failed. */
export type ForgedReply = { readonly text: string; readonly fitted: unknown } | { readonly failed: Omit<CrossingError, "code"> & { readonly code: string } };

/** `forged`: of the functions of that name, what they send in place of what they did. */
export function createRunner(forged: (name: string) => ((events: readonly UnitEvent[]) => ForgedReply) | undefined = () => undefined): SimulatedRunner {
  const definitions = new Map<string, UnitDefinition>();
  return {
    async prepare(name, code) {
      const source = new TextDecoder().decode(code);
      if (!definitions.has(source)) definitions.set(source, await importDefinition(name, source));
    },
    async start(program) {
      const definition = definitions.get(new TextDecoder().decode(program.code));
      if (definition === undefined) throw new HolonError("HOLON_UNIT_BAD", `function ${program.name} was not prepared for the simulation`);
      return startUnit(program, definition, forged(program.name));
    },
  };
}

async function importDefinition(name: string, source: string): Promise<UnitDefinition> {
  let module: { readonly default?: unknown };
  try {
    module = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
  } catch (error) {
    throw new HolonError("HOLON_UNIT_BAD", `function ${name}: its module does not load`, { cause: error });
  }
  return parseDefinition(module.default, name);
}

function startUnit(program: UnitProgram, definition: UnitDefinition, forged: ((events: readonly UnitEvent[]) => ForgedReply) | undefined): UnitInstance {
  const { name, fitted, state, secrets = {}, served } = program;
  const host = createUnitHost({ name, definition, modelNames: Object.keys(program.models), fitted, state, secrets, served: served?.outputs ?? {}, models: inlineModels(program), nowMs: () => 0 });
  let gone: HolonError | undefined;
  return {
    async handle(events) {
      if (gone !== undefined) throw gone;
      try {
        const reply = forged?.(events) ?? (await honest(host, events));
        if ("failed" in reply) throw fromSandbox(reply.failed);
        // The same way across as out of a worker, so that what cannot cross there cannot cross here.
        const checked = parseUnitResult(reply.text, reply.fitted, events.length);
        if (typeof checked !== "string") return checked;
        throw new HolonError("HOLON_UNIT_DIED", `function ${name} was ended: ${checked}`);
      } catch (error) {
        gone = new HolonError("HOLON_UNIT_DIED", `function ${name} failed before`);
        throw error;
      }
    },
    async stop() {
      gone = new HolonError("HOLON_UNIT_DIED", `function ${name} was stopped`);
    },
  };
}

async function honest(host: UnitHost, events: readonly UnitEvent[]): Promise<ForgedReply> {
  const { fitted, ...result } = await host.handle(events);
  return { text: JSON.stringify(result), fitted };
}

function inlineModels({ name, models, served }: UnitProgram): HostModels {
  const loaded = new Map(Object.entries(models).map(([model, graph]) => [model, { model: loadEvaluatedModel(graph, model), parametersBySubject: new Map<string, Tensors>() }]));
  return {
    decide: (model, rows, cause) => served?.decide(model, rows, cause) ?? Promise.reject(new HolonError("HOLON_MODEL_INPUT_BAD", `the node answers for no model of function ${name}`)),
    bind: (model, subject, parameters) => void loaded.get(model)?.parametersBySubject.set(subject, parameters),
    async run(model, inputs, subject) {
      const found = loaded.get(model);
      if (found === undefined) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is not loaded`);
      return found.model.run(inputs, (subject === undefined ? undefined : found.parametersBySubject.get(subject)) ?? {});
    },
  };
}
