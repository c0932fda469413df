/** Names of what sites share: `app/kind/name/key`. The kind is part of the name, so that a new version that declares another begins anew. */
import { isEpoch, isNodeName, type Epoch, type NodeName } from "../units.ts";
import { nameSchema } from "../schema/name.ts";
import { sharedKinds, type SharedKind } from "../schema/shared.ts";

export interface SharedKey {
  readonly app: string;
  readonly kind: SharedKind;
  readonly name: string;
  /** Where the declared name has many: which one. */
  readonly key: string;
}

export const sharedKeyMax = 128;

export const printSharedKey = ({ app, kind, name, key }: SharedKey): string => `${app}/${kind}/${name}/${key}`;

/** `undefined` if the text names nothing that can be shared. */
export function parseSharedKey(text: string): SharedKey | undefined {
  const [app = "", kindText = "", name = "", ...rest] = text.split("/");
  const kind = sharedKinds.find((known) => known === kindText);
  const key = rest.join("/");
  if (kind === undefined || rest.length === 0 || !isSharedKey(key) || !nameSchema.safeParse(app).success || !nameSchema.safeParse(name).success) return undefined;
  return { app, kind, name, key };
}

export const isSharedKey = (text: string): boolean => text.length <= sharedKeyMax && !/\p{C}/u.test(text);

/**
 * Who writes: one opening of one log. A node that was put back from a backup, or a copy of it, is in another epoch and so in another
 * slot; what it did before is another slot's, and is merged as everybody's.
 */
export const slotOf = (origin: NodeName, epoch: Epoch): string => `${origin}/${epoch}`;

export function isSlot(text: string): boolean {
  const [origin = "", epoch = "", ...rest] = text.split("/");
  return rest.length === 0 && isNodeName(origin) && isEpoch(epoch);
}
