/**
 * Leaves out of zod what it says in fifty languages that nobody asks it for: it loads them all as soon as it is loaded, and they weigh eight megabytes where modules are
 * compiled anew, and some of that for good in a node that runs for months. Its English stands in a module of its own.
 */
import { registerHooks } from "node:module";

/** The module that loads them all, by its address or its path. */
export const languages = /\/zod\/v4\/locales\/index\.js$/;

/** To be called before anything is loaded that loads zod. */
export function leaveOutLanguages(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      return languages.test(resolved.url) ? { url: "data:text/javascript,", format: "module", shortCircuit: true } : resolved;
    },
  });
}
