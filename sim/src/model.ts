/** The Model port in a simulation: evaluated where it is called, with no thread and no library. */
import { HolonError } from "@holon/core/errors.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Model } from "@holon/core/ports.ts";
import { copyTensors } from "@holon/core/model/tensor.ts";
import { loadEvaluatedModel } from "@holon/core/model/evaluator.ts";

export function createModel(): Model {
  return {
    async load(graph, parameters) {
      const name = readOnnx(graph, "to load").name || "without a name";
      const model = loadEvaluatedModel(graph, name);
      const bound = copyTensors(parameters);
      let isOpen = true;
      return {
        inputs: model.inputs.filter((input) => !Object.hasOwn(bound, input)),
        outputs: model.outputs,
        async run(inputs) {
          if (!isOpen) throw new HolonError("HOLON_INTERNAL", "the model session is closed");
          return model.run(inputs, bound);
        },
        async close() {
          isOpen = false;
        },
      };
    },
  };
}
