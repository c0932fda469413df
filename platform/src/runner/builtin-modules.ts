/**
 * What of Node a worker's function can import. Node's permission model asks at some calls and not at others: files are reached through `node:sqlite`, and what the process holds open through whatever takes a
 * descriptor. So what is not known to stay within its thread is there by its names alone, for bundles that import more than they call, and each call says that it may not.
 *
 * The function shares this realm and may change all that is global: what decides here was taken before it came.
 */
import { registerHooks } from "node:module";

const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const { assign, create, fromEntries, hasOwn } = Object;
const { stringify } = JSON;
const { startsWith } = String.prototype;
const encode = encodeURIComponent;

const within = "assert assert/strict async_hooks buffer console constants crypto diagnostics_channel domain events os path path/posix path/win32 perf_hooks process punycode querystring readline readline/promises stream stream/consumers stream/promises stream/web string_decoder sys timers timers/promises url util util/types vm zlib";
const allowed: Readonly<Record<string, true>> = assign(create(null), fromEntries(within.split(" ").flatMap((name) => [[`node:${name}`, true], [name, true]])));

/** For the whole thread, and for good. */
export function narrowBuiltinModules(): void {
  const real = process.getBuiltinModule;
  const moduleOf = (name: string): object | undefined => apply(real, process, [name]);
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (allowed[resolved.url] === true || !apply(startsWith, resolved.url, ["node:"])) return resolved;
      return { url: `data:text/javascript,${encode(textOf(resolved.url, moduleOf(resolved.url) ?? {}))}`, format: "module", shortCircuit: true };
    },
  });
  const narrowed = (name: unknown): unknown => {
    if (typeof name !== "string") return undefined;
    const found = moduleOf(name);
    return found === undefined || allowed[name] === true ? found : namesOf(name, found);
  };
  defineProperty(process, "getBuiltinModule", { value: narrowed, writable: false, configurable: false });
}

/** A module's own text: what is no function and no object is as it is. */
function textOf(name: string, module: object): string {
  let text = `const no = (name) => function () { throw Object.assign(new Error(name + " is not for functions"), { code: "ERR_ACCESS_DENIED" }); }; const all = {};\n`;
  let place = 0;
  for (const key of ownKeys(module)) {
    if (typeof key !== "string" || key === "default") continue;
    text += `const v${++place} = all[${stringify(key)}] = ${valueOf(name, module, key)};\nexport { v${place} as ${stringify(key)} };\n`;
  }
  return `${text}export default all;`;
}

function valueOf(name: string, module: object, key: string): string {
  if (name === "node:tty" && key === "isatty") return "() => false"; // asked at once by all that prints in colour
  const found = getOwnPropertyDescriptor(module, key);
  const value: unknown = found !== undefined && hasOwn(found, "value") ? found.value : undefined;
  if (typeof value === "function") return `no(${stringify(`${name}.${key}`)})`;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? stringify(value) : "undefined";
}

/** The same, for who has no `import`. */
function namesOf(name: string, module: object): object {
  const all: Record<string, unknown> = create(null);
  for (const key of ownKeys(module)) {
    if (typeof key !== "string") continue;
    all[key] = function (): never {
      throw assign(new Error(`${name}.${key} is not for functions`), { code: "ERR_ACCESS_DENIED" });
    };
  }
  return all;
}
