/** How many times too fast an error budget burns, as people read it: `1.4`, `100`, never `1.0e+2`. */
export const printBurn = (times: number): string => (times < 9.95 ? times.toPrecision(2) : String(Math.round(times)));
