/**
 * Makes `pca.onnx`: distance of smoothed readings from what was learned, inside the principal subspace (Hotelling's T²) and
 * outside it (Q, the squared prediction error). Jackson and Mudholkar, "Control procedures for residuals associated with
 * principal component analysis", Technometrics 21 (1979).
 *
 *     z = (x - mean) / scale      t = z P      T² = Σ t² / λ      Q = Σ (z - t Pᵀ)²
 *
 * Everything that is fitted is an input, so that the graph is the same for each pump: n rows, d sensors, k components.
 */
import { writeFileSync } from "node:fs";
import { elementTypes, writeOnnx, type OnnxNode, type OnnxValue } from "@holon/sdk/onnx.ts";

const node = (operator: string, inputs: readonly string[], output: string, attributes: OnnxNode["attributes"] = {}): OnnxNode => ({
  operator,
  domain: "",
  inputs,
  outputs: [output],
  attributes,
});
const floats = (name: string, ...shape: string[]): OnnxValue => ({ name, elementType: elementTypes.float32, shape });
const flat = { keepdims: { kind: "integer", value: 0 } } as const;

export const pcaFile = (): Uint8Array =>
  writeOnnx({
    name: "pca",
    opset: 17,
    nodes: [
      node("Sub", ["x", "mean"], "centred"),
      node("Div", ["centred", "scale"], "z"),
      node("MatMul", ["z", "components"], "t"),
      node("Mul", ["t", "t"], "tSquared"),
      node("Mul", ["tSquared", "inverseEigenvalues"], "t2Parts"),
      node("ReduceSum", ["t2Parts", "lastAxis"], "t2", flat),
      node("Transpose", ["components"], "componentsTransposed", { perm: { kind: "integers", value: [1, 0] } }),
      node("MatMul", ["t", "componentsTransposed"], "explained"),
      node("Sub", ["z", "explained"], "residual"),
      node("Mul", ["residual", "residual"], "qParts"),
      node("ReduceSum", ["qParts", "lastAxis"], "q", flat),
    ],
    constants: [{ name: "lastAxis", elementType: elementTypes.int64, shape: [1], values: [1] }],
    inputs: [floats("x", "n", "d"), floats("mean", "d"), floats("scale", "d"), floats("components", "d", "k"), floats("inverseEigenvalues", "k")],
    outputs: [floats("t2", "n"), floats("q", "n")],
  });

if (import.meta.main) writeFileSync(new URL("pca.onnx", import.meta.url), pcaFile());
