/**
 * Whether what a run takes follows from the sizes of its inputs alone. Then one run that was timed says what the next one takes: nothing in it
 * goes round as often as a value says, and nothing is made as large as a value says.
 */
import type { OnnxGraph } from "./onnx-graph.ts";

/** Of ONNX itself. What is not named here (`Loop`, `If`, `Range`, `Expand`, `NonZero`, what is yet to come) may take any time. */
const timedByShapes: ReadonlySet<string> = new Set(
  [
    "Add Sub Mul Div Max Min Pow Sum Mean",
    "Relu LeakyRelu PRelu Elu Selu Sigmoid HardSigmoid Tanh Softplus Gelu Erf Exp Log Sqrt Neg Abs Reciprocal Clip Identity Cast",
    "MatMul Gemm MatMulInteger QLinearMatMul Conv ConvInteger QLinearConv",
    "MaxPool AveragePool GlobalMaxPool GlobalAveragePool BatchNormalization LayerNormalization LRN",
    "Softmax LogSoftmax ReduceSum ReduceMean ReduceMax ReduceMin ReduceSumSquare ArgMax ArgMin",
    "Reshape Flatten Transpose Squeeze Unsqueeze Concat",
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear",
  ].flatMap((line) => line.split(" ")),
);

export const isTimedByShapes = ({ nodes }: OnnxGraph): boolean => nodes.every(({ operator, domain }) => domain === "" && timedByShapes.has(operator));
