/** Models by name: declared once, typed wherever they are asked. */
import type { ModelShapes, TensorTable, UnitModel } from "@holon/core/run/definition.ts";
import type { Tensor } from "@holon/core/ports.ts";

export interface ModelDeclaration<Name extends string = string, Inputs extends TensorTable = TensorTable, Outputs extends TensorTable = TensorTable> extends ModelShapes {
  /** As the app's manifest names it. */
  readonly name: Name;
  readonly inputs: Inputs;
  readonly outputs: Outputs;
}

/** What a function may name in `models`. */
export type ModelUse = string | ModelDeclaration;

type TensorsOf<Table extends TensorTable> = { readonly [Name in keyof Table]: Tensor };

/** `UnitModel`, with the inputs and outputs that were declared. */
export interface DeclaredModel<Inputs extends TensorTable, Outputs extends TensorTable> extends Omit<UnitModel, "run"> {
  run(inputs: TensorsOf<Inputs>): Promise<TensorsOf<Outputs>>;
  /** What was fitted for that subject fills in what is not given. */
  run(inputs: Partial<TensorsOf<Inputs>>, options: { readonly parameters: string }): Promise<TensorsOf<Outputs>>;
}

export type ModelsOf<Models extends ModelUse> = {
  readonly [Use in Models as Use extends string ? Use : Use extends ModelDeclaration ? Use["name"] : never]: Use extends ModelDeclaration ? DeclaredModel<Use["inputs"], Use["outputs"]> : UnitModel;
};

/**
 * Declares a model in a module of its own that the functions of an app share; `null` in a shape is any size:
 *
 *     export const judge = defineModel({ name: "judge", inputs: { x: [null, 16] }, outputs: { y: [null, 2] } });
 *
 * `models: [judge]` gives a function `context.models.judge.run({ x })`, which gives `y`. Whether the graph of the app is so is checked when the app is deployed.
 */
export const defineModel = <const Name extends string, const Inputs extends TensorTable, const Outputs extends TensorTable>(declaration: ModelDeclaration<Name, Inputs, Outputs>): ModelDeclaration<Name, Inputs, Outputs> => declaration;

export const modelNames = (models: readonly ModelUse[]): readonly string[] => models.map((use) => (typeof use === "string" ? use : use.name));

/** For whoever deploys the function. */
export function declaredModels(models: readonly ModelUse[]): { readonly modelShapes?: Readonly<Record<string, ModelShapes>> } {
  const declared = models.filter((use) => typeof use !== "string");
  return declared.length === 0 ? {} : { modelShapes: Object.fromEntries(declared.map(({ name, inputs, outputs }) => [name, { inputs, outputs }])) };
}
