/** Which sensors a score comes from. */
import type { Tensors } from "@holon/sdk";
import { rule } from "./rule.ts";

export interface Cause {
  readonly sensor: string;
  /** Part of the blame, 0 to 1. */
  readonly share: number;
}

/**
 * Shares by sensor, adding up to 1: how much putting that one sensor right would take off φ = T²/limit + Q/limit = zᵀ Φ z, that is
 * (Φ z)ⱼ² / Φⱼⱼ. Unlike plain contributions, a jump of one sensor that is large beside its noise is not blamed on another that
 * it correlates with.
 * (Alcala and Qin, "Reconstruction-based contribution for process monitoring", Automatica 45, 2009.) `x` is relative to `origin`.
 */
export function shares(x: Float32Array, parameters: Tensors): readonly number[] {
  const column = (name: string): Float32Array => parameters[name]?.values ?? new Float32Array(0);
  const [mean, scale, components, inverse] = [column("mean"), column("scale"), column("components"), column("inverseEigenvalues")];
  const [limitT2 = Infinity, limitQ = Infinity] = column("limits");
  const weight = (sensor: number, component: number): number => components[sensor * inverse.length + component] ?? 0;
  const z = Array.from(x, (value, sensor) => (value - (mean[sensor] ?? 0)) / (scale[sensor] ?? 1));
  const t = Array.from(inverse, (_, component) => z.reduce((sum, value, sensor) => sum + value * weight(sensor, component), 0));
  const parts = z.map((value, sensor) => {
    let residual = value;
    let residualNorm = 1;
    let inside = 0;
    let insideNorm = 0;
    inverse.forEach((inverseEigenvalue, component) => {
      const own = weight(sensor, component);
      residual -= (t[component] ?? 0) * own;
      residualNorm -= own * own;
      inside += (t[component] ?? 0) * inverseEigenvalue * own;
      insideNorm += inverseEigenvalue * own * own;
    });
    const norm = residualNorm / limitQ + insideNorm / limitT2;
    return norm > 0 ? (residual / limitQ + inside / limitT2) ** 2 / norm : 0;
  });
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => (total > 0 && Number.isFinite(total) ? part / total : 0));
}

/** The largest first, as many as an alert names. */
export function topCauses(sensors: readonly string[], weights: readonly number[]): readonly Cause[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  return sensors
    .map((sensor, index) => ({ sensor, weight: weights[index] ?? 0 }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, rule.causesMax)
    .map(({ sensor, weight }) => ({ sensor, share: Number((weight / total).toFixed(3)) }));
}
