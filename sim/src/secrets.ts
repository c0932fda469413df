import type { Secrets } from "@holon/core/ports.ts";

export const createSecrets = (held: Readonly<Record<string, string>>): Secrets => ({
  read: (names) => Promise.resolve(Object.fromEntries(names.flatMap((name) => (held[name] === undefined ? [] : [[name, held[name]]])))),
});
