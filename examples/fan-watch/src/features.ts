/** What a window of a shaking fan is like: the energy of each axis in a few bands, as logarithms, since faults multiply. */

/** Samples of a window: two seconds at 50 Hz. */
export const windowSamples = 100;
/** Edges of the bands in whole waves a window: 0.5 to 3, to 8, to 15 and to 25 Hz. */
const bandEdges = [1, 7, 17, 31, 51];
/** Under this, in g², it is the sensor's own noise. */
const energyFloor = 1e-7;

/** For each axis the energy in each band, logarithms to the base e. */
export const featuresOf = (axes: readonly (readonly number[])[]): readonly number[] => axes.flatMap(bandEnergies);

function bandEnergies(samples: readonly number[]): readonly number[] {
  const powers = Array.from({ length: windowSamples / 2 + 1 }, (_, wave) => power(samples, wave));
  return bandEdges.slice(1).map((edge, band) => {
    const energy = powers.slice(bandEdges[band], edge).reduce((sum, value) => sum + value, 0);
    return Math.log(energy + energyFloor);
  });
}

/** Power at so many waves a window (Goertzel, "An algorithm for the evaluation of finite trigonometric series", 1958). */
function power(samples: readonly number[], wave: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * wave) / samples.length);
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample + factor * last - before];
  return (2 * (last * last + before * before - factor * last * before)) / samples.length ** 2;
}
