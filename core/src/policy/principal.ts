/** Who asks: a typed value, never a bare name, so that a function called `root` is no person called so. */
export const principalKinds = ["node", "function", "publisher", "person", "token"] as const;
export type PrincipalKind = (typeof principalKinds)[number];

export interface Principal {
  readonly kind: PrincipalKind;
  /** Of a function `app/function`. */
  readonly name: string;
}

export const printPrincipal = ({ kind, name }: Principal): string => `${kind} ${name}`;

export const isPrincipalKind = (word: string): word is PrincipalKind => (principalKinds as readonly string[]).includes(word);
