/**
 * Which keys of the authority are over. The root signs a number into each intermediate that it makes: after a theft a higher one, and that certificate is its own statement that what
 * lower ones signed proves nothing any more. No date and no clock is in it.
 */
import { HolonError } from "../errors.ts";

/** Of a fleet from which nothing was stolen yet, and of intermediates that were made before there were series. */
export const firstSeries = 1;

const pattern = /^series ([1-9]\d{0,8})$/;

/** As it stands in an intermediate's subject, as its unit. */
export const printSeries = (series: number): string => `series ${series}`;

/** `undefined` where the unit names none. */
export const parseSeries = (unit: string): number | undefined => {
  const [, digits] = pattern.exec(unit) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/** Of a node's own identity, as its status tells it: the series of its certificate, and the newest that it has heard of. */
export interface SeriesHeard {
  readonly own: number;
  readonly newest: number;
}

/** In words. */
export const seriesText = ({ own, newest }: SeriesHeard): string => (own < newest ? `its certificate is of series ${own} of the authority, which is over since there is series ${newest}` : `series ${own} of the authority`);

/** `what`: a certificate, a list, and whose it is said to be: proved is nothing of it. */
export const seriesOver = (what: string, series: number, newest: number, next?: string): HolonError => new HolonError("HOLON_IDENTITY_SERIES", `${what} is of series ${series} of the authority, which is over since there is series ${newest}`, next === undefined ? {} : { next });
