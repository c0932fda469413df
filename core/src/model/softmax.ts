/** Scores as probabilities, row by row. */

/** `temperature` over 1 evens them out. */
export function softmaxRows(scores: Float32Array, classes: number, temperature = 1): Float32Array {
  const likely = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    let largest = -Infinity;
    for (let index = start; index < start + classes; index++) largest = Math.max(largest, scores[index] ?? 0);
    let sum = 0;
    for (let index = start; index < start + classes; index++) sum += likely[index] = Math.exp(((scores[index] ?? 0) - largest) / temperature);
    for (let index = start; index < start + classes; index++) likely[index] = (likely[index] ?? 0) / sum;
  }
  return likely;
}
