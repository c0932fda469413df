/** Whether a run met what is aimed for, as far as that travels from machine to machine: bounds of ratios, by name. */
export interface Aim {
  readonly value: number;
  readonly atMost: number;
  readonly isMet: boolean;
}

export const judge = (bounds: Readonly<Record<string, number>>, ratios: Readonly<Record<string, number>>): Readonly<Record<string, Aim>> =>
  Object.fromEntries(Object.entries(bounds).map(([name, atMost]) => {
    const value = ratios[name] ?? Number.NaN; // what was not measured is not met
    return [name, { value, atMost, isMet: value <= atMost }];
  }));

export const missed = (aims: Readonly<Record<string, Aim>>): readonly string[] => Object.entries(aims).flatMap(([name, { value, atMost, isMet }]) => (isMet ? [] : [`${name} is ${value}, and at most ${atMost} is aimed for`]));
