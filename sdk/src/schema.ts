/** Words for the data of events: `schema.object({ bar: schema.number() })`. A small part of zod, so that a bundle stays small. */
export { array, boolean, enum, int, literal, nullable, number, object, optional, record, string, union, unknown, type infer } from "zod/mini";
