/** What is signed, and under which name: of an app the document as a whole, and each file that it names; and the policy. */
import type { AppDocument } from "../schema/app.ts";
import type { BlobHash } from "../units.ts";

type Signed = Pick<AppDocument, "name" | "version" | "functions" | "models">;

/** The whole document in canonical JSON, as its publisher made it. */
export const documentTarget = ({ name, version }: Pick<AppDocument, "name" | "version">): string => `${name}/${encodeURIComponent(version)}/app.json`;

/** Code and graphs by the name under which they are signed. */
export function fileTargets(app: Signed): readonly (readonly [target: string, hash: BlobHash])[] {
  const folder = `${app.name}/${encodeURIComponent(app.version)}`;
  return [
    ...app.functions.map((fn) => [`${folder}/function/${fn.name}`, fn.code] as const),
    ...app.models.map((model) => [`${folder}/model/${model.name}`, model.graph] as const),
  ];
}

/** The policy by which a node is to decide: of its text the hash and the length, or that there is none. */
export const policyTarget = "policy";
export const noPolicy = { hash: "0".repeat(64), lengthBytes: 0 } as const;

/** The director signs the same targets for each node apart, and the policy. */
export const directorTarget = (node: string, target: string): string => `${node}/${target}`;
