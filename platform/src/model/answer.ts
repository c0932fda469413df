/**
 * Where the model worker lays a small answer for a sandbox that sleeps until the bell rings: memory that both see. A message would be packed,
 * queued and unpacked for the same.
 *
 *     id, outputs, { characters, character…, sizes, size…, values, value… }…      32 bits each; values are floats
 */
import type { Tensor, Tensors } from "@holon/core/ports.ts";

export type AnswerArea = Int32Array<SharedArrayBuffer>;

const words = 16 << 10;

export const createAnswerArea = (): AnswerArea => new Int32Array(new SharedArrayBuffer(words * 4));

/** Says whether it fitted; if not, it goes as a message. */
export function layAnswer(area: AnswerArea, id: number, outputs: Tensors): boolean {
  const names = Object.keys(outputs);
  const needed = names.reduce((total, name) => total + 3 + name.length + (outputs[name]?.shape.length ?? 0) + (outputs[name]?.values.length ?? 0), 2);
  if (needed > area.length) return false;
  const floats = new Float32Array(area.buffer);
  let at = 1;
  area[at++] = names.length;
  for (const name of names) {
    const tensor = outputs[name];
    if (tensor === undefined) return false;
    area[at++] = name.length;
    for (let index = 0; index < name.length; index++) area[at++] = name.charCodeAt(index);
    area[at++] = tensor.shape.length;
    for (const size of tensor.shape) area[at++] = size;
    area[at++] = tensor.values.length;
    floats.set(tensor.values, at);
    at += tensor.values.length;
  }
  Atomics.store(area, 0, id);
  return true;
}

/** The answer to this question, if it lies there. */
export function takeAnswer(area: AnswerArea, id: number): Tensors | undefined {
  if (Atomics.load(area, 0) !== id) return undefined;
  const floats = new Float32Array(area.buffer);
  const outputs: Record<string, Tensor> = {};
  let at = 1;
  const next = (): number => area[at++] ?? 0;
  for (let left = next(); left > 0; left--) {
    let name = "";
    for (let characters = next(); characters > 0; characters--) name += String.fromCharCode(next());
    const shape: number[] = [];
    for (let sizes = next(); sizes > 0; sizes--) shape.push(next());
    const count = next();
    const values = new Float32Array(count);
    values.set(floats.subarray(at, at + count));
    at += count;
    outputs[name] = { shape, values };
  }
  return outputs;
}
