/** Eigenvalues of a small symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", 8.5). */

export interface Eigen {
  /** Largest first. */
  readonly values: readonly number[];
  /** `vectors[i]` belongs to `values[i]`, of length 1. */
  readonly vectors: readonly (readonly number[])[];
}

const sweepsMax = 100;
/** Off the diagonal, as a part of the whole: below it the matrix counts as diagonal. */
const tolerance = 1e-24;

/** `matrix` is row-major, `size` × `size`. */
export function symmetricEigen(matrix: Float64Array, size: number): Eigen {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  const total = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < sweepsMax && offDiagonal(a, size) > tolerance * total; sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => at(a, j * size + j) - at(a, i * size + i));
  return {
    values: order.map((i) => at(a, i * size + i)),
    vectors: order.map((i) => Array.from({ length: size }, (_, row) => at(vectors, row * size + i))),
  };
}

/** Turns the plane of p and q so that the element between them becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const between = at(a, p * size + q);
  if (between === 0) return;
  const theta = (at(a, q * size + q) - at(a, p * size + p)) / (2 * between);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const turn = (target: Float64Array, first: number, second: number): void => {
    const x = at(target, first);
    const y = at(target, second);
    target[first] = cosine * x - sine * y;
    target[second] = sine * x + cosine * y;
  };
  for (let i = 0; i < size; i++) turn(a, i * size + p, i * size + q);
  for (let i = 0; i < size; i++) turn(a, p * size + i, q * size + i);
  for (let i = 0; i < size; i++) turn(vectors, i * size + p, i * size + q);
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) sum += at(a, p * size + q) ** 2;
  return sum;
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0;
