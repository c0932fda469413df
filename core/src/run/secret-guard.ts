/** Keeps the secrets of one function where they belong: in the function, and out of what it gives away and of what is told of it. */
import { HolonError, toHolonError } from "../errors.ts";
import type { Secrets, UnitInstance, UnitResult } from "../ports.ts";
import { spentUntil, withSpent } from "./spent.ts";

type HeldSecrets = Readonly<Record<string, string>>;

/** `HOLON_SECRET_MISSING` for one that the node does not have. */
export async function readSecrets(unit: string, names: readonly string[], secrets: Secrets): Promise<HeldSecrets> {
  const held = await secrets.read(names);
  const missing = names.find((name) => held[name] === undefined);
  if (missing !== undefined) throw new HolonError("HOLON_SECRET_MISSING", `function ${unit} is to be given the secret ${missing}, which this node does not have`, secrets.place === undefined ? {} : { next: `Put it into ${secrets.place}: one JSON object of names and texts, mode 0600.` });
  return held;
}

/** Starts a sandbox of which nothing tells a secret. */
export async function startWithSecrets(unit: string, held: HeldSecrets, start: () => Promise<UnitInstance>): Promise<UnitInstance> {
  if (Object.keys(held).length === 0) return start();
  const redacted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw withoutSecrets(toHolonError(error), held);
    }
  };
  const instance = await redacted(start());
  return {
    async handle(events) {
      const result = await redacted(instance.handle(events));
      refuseLeak(unit, result, held);
      return result.status === undefined ? result : { ...result, status: redact(result.status, held) };
    },
    stop: () => redacted(instance.stop()),
  };
}

/** What the function itself said stays in the cause, so the cause is left behind. */
function withoutSecrets(error: HolonError, held: HeldSecrets): HolonError {
  const { code, message, next } = error;
  return withSpent(new HolonError(code, redact(message, held), { next: redact(next, held) }), spentUntil(error));
}

/** As text, and as it stands in JSON. */
const formsOf = (secret: string): readonly string[] => [...new Set([secret, JSON.stringify(secret).slice(1, -1)])];

function redact(text: string, held: HeldSecrets): string {
  let clean = text;
  // The longest first: one may be part of another.
  for (const [name, secret] of Object.entries(held).sort(([, one], [, other]) => other.length - one.length)) for (const form of formsOf(secret)) clean = clean.replaceAll(form, `[secret ${name}]`);
  return clean;
}

/** Events, shared state and fitted parameters may leave the node; its own state and words go to its disk. */
function refuseLeak(unit: string, { outputs, shared, state, fitted, usage }: UnitResult, held: HeldSecrets): void {
  const texts = [...outputs.flatMap(({ subject = "", data }) => [subject, JSON.stringify(data) ?? ""]), ...state.flatMap(({ key, value }) => [key, value ?? ""]), ...(shared ?? []).flatMap((operation) => [operation.key, "text" in operation ? operation.text : ""]), ...fitted.flatMap(({ subject, note }) => [subject, note])];
  const leaked = Object.entries(held).find(([, secret]) => formsOf(secret).some((form) => texts.some((text) => text.includes(form))));
  if (leaked !== undefined) throw withSpent(new HolonError("HOLON_SECRET_LEAKED", `function ${unit} put the secret ${leaked[0]} into what it emits or stores`), usage);
}
