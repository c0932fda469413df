/**
 * Takes out of text what is not to be read far away: secrets that are known, word by word and in each shape that they may have; what looks like a secret; and what somebody else's
 * program said of data.
 *
 * What is known is certain. What looks like one is a net with holes: so what is told far away is put together from what is known to be harmless, and this stands behind it.
 */
import { errorTable, isErrorCode } from "../errors.ts";
import { isForeign } from "../run/foreign.ts";
import { begunAtEnd, bytesOf, escapedAtEnd, withoutEscaped, withoutPartOfEscape } from "./escaped.ts";
import { formsOf } from "./forms.ts";

export interface Redactor {
  text(text: string): string;
  /** The same of text that was cut off at its end: what may be the beginning of a known secret goes too. */
  cutOff(text: string): string;
  /** The same for every text in it, and whatever stands under a name that a secret has. */
  value(value: unknown): unknown;
}

/** `known`: secrets of this node. What is shorter than 6 characters is in too many words to be one. */
export function createRedactor(known: readonly string[]): Redactor {
  const forms = [...new Set(known.filter((secret) => secret.length >= shortest).flatMap(formsOf))].sort((one, other) => other.length - one.length);
  const escaped = [...new Set(known.flatMap(bytesOf))].filter((bytes) => bytes.length >= shortest);
  const withoutKnown = (said: string): string => {
    let clean = said;
    for (const form of forms) clean = clean.replaceAll(form, withheld);
    return withoutEscaped(clean, escaped, withheld);
  };
  const text = (said: string): string => withoutLikely(withoutKnown(said));
  const cutOff = (said: string): string => {
    const clean = withoutKnown(withoutPartOfEscape(said)); // what it takes of a secret that is whole leaves the beginning of one
    return withoutLikely(clean.slice(0, clean.length - Math.max(escapedAtEnd(clean, escaped), ...[...forms].map((form) => begunAtEnd(clean, form)))));
  };
  const value = (said: unknown): unknown => {
    if (typeof said === "string") return text(said);
    if (Array.isArray(said)) return said.map(value);
    if (typeof said !== "object" || said === null) return said;
    const isPair = pairNames.some((name) => isSecretName(stringIn(said, name)));
    return Object.fromEntries(Object.entries(said).map(([key, item]) => [text(key), isSecretName(key) || (isPair && key === "value") ? hidden(item, !key.endsWith("s")) : value(item)]));
  };
  /** Of one secret all of it, in whichever form; a list under a name of many is one of names, and a number one of how many there are. */
  const hidden = (said: unknown, isOne: boolean): unknown => {
    if (typeof said === "string") return withheld;
    if (typeof said === "number") return isOne ? withheld : said;
    if (Array.isArray(said)) return isOne ? said.map((item) => hidden(item, true)) : said.map(value);
    if (typeof said !== "object" || said === null) return said;
    return Object.fromEntries(Object.entries(said).map(([key, item]) => [text(key), hidden(item, isOne)]));
  };
  return { text, value, cutOff };
}

export const withheld = "[secret]";

/** `{name: "DB_PASSWORD", value: "…"}`, as environments and headers are often written. */
const pairNames = ["name", "key", "header"];
const stringIn = (said: object, name: string): string => {
  const found: unknown = Object.entries(said).find(([key]) => key === name)?.[1];
  return typeof found === "string" ? found : "";
};

const names = "pass(?:word|wd|phrase|code)?|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|signing[-_ ]?key|credentials?|authorization|cookie|bearer|psk|auth[-_ ]?key|sess(?:ion)?[-_ ]?id";
/** Whether what stands under such a name is to be taken for a secret: `apiKey`, `DB_PASSWORD`. */
export const isSecretName = (name: string): boolean => new RegExp(`(?:^|[^a-z])(?:${names})s?$`, "i").test(name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2"));

/** What goes before is not asked of what it left behind. Each is bounded where it could begin anywhere: text is long, and whoever wrote it may mean harm. */
const likely: readonly (readonly [RegExp, string])[] = [
  // Whole, or cut off where a line was too long.
  [/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g, withheld],
  // `user:password@` of an address; passwords may hold almost anything, so all before the last @ goes.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${withheld}@`],
  // The same where nobody wrote the scheme; an image that is named by its hash has none.
  [/(?<![\w.%+:/@-])([\w.+-]{1,64}):[^\s:@/"'<>]{1,128}@(?!sha256:)(?=\w)/g, `$1:${withheld}@`],
  // A header may have blanks, and many parts.
  [/((?:authorization|cookie|x-auth)["'\\]{0,4}\s{0,8}[:=]\s{0,8})(?:\\?"(?:[^"\\]|\\.)*\\?"|'[^']*'|[^\r\n"'\\}\]]+)/gi, `$1${withheld}`],
  [/\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?/g, withheld],
  [/\b(bearer|basic|digest)\s+[\w.~+/=-]{6,}/gi, `$1 ${withheld}`],
  [/\bholon_token_[\w-]+|\bholon-[\w-]{32,}/g, withheld],
  [/\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{16,}|github_pat_\w{16,}|xox[abeprs]-[\w-]{8,}|AGE-SECRET-KEY-[0-9A-Z]{16,}|sk[-_](?:live[-_]|test[-_])?[\w-]{16,}|AIza[\w-]{30,}|glpat-[\w-]{16,})/g, withheld],
  [/([?&](?:sig|signature|key|apikey|auth|code|sid)=)[^&\s"'<>#]+/gi, `$1${withheld}`],
  [/((?:^|\s)(?:-u|--user)[ =][^\s:]{1,64}:)\S+/g, `$1${withheld}`],
  // As arguments and environments are listed.
  [new RegExp(`(--?[\\w-]{0,64}(?:${names})\\\\?["'],\\s{0,8}\\\\?["'])[^"'\\\\]+`, "gi"), `$1${withheld}`],
  [new RegExp(`(\\bname["'\\\\]{0,4}\\s{0,8}[:=]\\s{0,8}["'\\\\]{0,4}[\\w-]{0,64}?(?:${names})["'\\\\]{0,4}\\s{0,32},?\\s{0,32}["'\\\\]{0,4}value["'\\\\]{0,4}\\s{0,8}[:=]\\s{0,8})(?:\\\\?"(?:[^"\\\\]|\\\\.)*\\\\?"|'[^']*'|[^\\s,;}\\])]+)`, "gi"), `$1${withheld}`],
  // `password=…`, `"apiKey": "…"`, `--token …`, `the password is …`.
  [new RegExp(`((?:^|[^A-Za-z])[\\w-]{0,64}?(?<!HOLON_[A-Z_]{0,64})(?:${names})s?["'\\\\]*\\s*(?:[:=]+|\\bis\\b|\\bwas\\b)\\s*)(?!\\[secret\\])(?:[|>][-+\\d]{0,2}[ \\t]*(?:\\r?\\n[ \\t]+[^\\r\\n]*){1,64}|\\\\?"(?:[^"\\\\]|\\\\.)*\\\\?"|'[^']*'|[^\\s,;}\\])]+)`, "gi"), `$1${withheld}`],
  [new RegExp(`(--?[\\w-]{0,64}(?:${names})\\s+)\\S+`, "gi"), `$1${withheld}`],
  [new RegExp(`\\b((?:${names})\\s+)(?=\\S*\\d)\\S{6,}`, "gi"), `$1${withheld}`],
  // A hash is known again by its beginning; a key in hexadecimal is not had from it.
  [/\b([0-9a-f]{8})[0-9a-f]{24,}\b/gi, "$1…"],
  // Long, and of capitals, small letters and digits: no word.
  [/(?<![\w+/=-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)[A-Za-z0-9+/=_-]{28,}(?![\w+/=-])/g, withheld],
];

function withoutLikely(text: string): string {
  let clean = text;
  for (const [pattern, stead] of likely) clean = clean.replaceAll(pattern, stead);
  return clean;
}

/** Of a message with a code: without the words of somebody else, which may hold what is `raw` or `personal`; what the code means in general stands in their place. `hasHead`: it begins with words of this node, which say of what it is. */
export function withoutForeignWords(message: string, code: string | undefined, hasHead = false): string {
  if (code !== undefined && isForeign(code) && isErrorCode(code)) return `${hasHead ? headOf(message) : ""}${errorTable[code].means} Its own words stay on the node.`;
  // What has no code of ours, or the one for what nobody foresaw, may quote what it stumbled over.
  return code === undefined || code === "HOLON_INTERNAL" ? message.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, "“…”") : message;
}

/** A problem as it is told elsewhere: what to do is of ours too, where the words may be somebody else's. */
export function problemWithoutForeignWords<Problem extends { readonly code: string; readonly message: string; readonly next: string }>(problem: Problem): Problem {
  const { code, message, next } = problem;
  return { ...problem, message: withoutForeignWords(message, code), next: isForeign(code) && isErrorCode(code) ? errorTable[code].next : next };
}

/** `function pump-watch/judge: ` of what was said of it. */
const headOf = (message: string): string => /^[a-z]{3,12} [a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63})?: /.exec(message)?.[0] ?? "";

const shortest = 6;
