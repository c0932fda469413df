import type { AppDocument } from "../schema/app.ts";

/** What a file of an app is sealed as. */
export const sealedAs = (app: Pick<AppDocument, "name">, kind: "function" | "model", name: string): string => `${app.name}/${kind}/${name}`;

/** Whether nodes of the site can open what the app is made of. */
export const isOpenTo = ({ sealTo }: Pick<AppDocument, "sealTo">, site: string): boolean => sealTo === undefined || sealTo.includes(site);
