/** What sshd lets in, by its configuration (sshd_config(5)): of each keyword the first value counts, files are included where that is said, and a block of `Match` goes before all that stands outside of one. */
import { globSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { MachineFacts } from "@holon/core/hardening/facts.ts";
import { isThere, read } from "./read.ts";

const depthMax = 16;

interface Setting {
  readonly keyword: string;
  readonly value: string;
  /** The condition under which it holds; empty for all. */
  readonly when: string;
}

/** All values that may hold for somebody, each with its condition. Undefined where the configuration is not to be seen. */
export function ssh(root: string): Pick<MachineFacts, "sshRootLogin" | "sshPasswords"> {
  const settings = settingsOf(root);
  if (settings === undefined) return { sshRootLogin: undefined, sshPasswords: undefined };
  const conditions = [...new Set(settings.map(({ when }) => when))];
  /** For who meets this condition and no other. */
  const value = (when: string, keywords: readonly string[], otherwise: string): string =>
    (settings.find((one) => when !== "" && one.when === when && keywords.includes(one.keyword)) ?? settings.find((one) => one.when === "" && keywords.includes(one.keyword)))?.value ?? otherwise;
  const all = (of: (when: string) => string): readonly string[] => [...new Set(["", ...conditions].map((when) => ({ when, said: of(when) })).filter(({ when, said }) => when === "" || said !== of("")).map(({ when, said }) => (when === "" ? said : `${said} where ${when}`)))];
  return {
    sshRootLogin: all((when) => value(when, ["permitrootlogin"], "prohibit-password")),
    sshPasswords: all((when) => {
      if (value(when, ["passwordauthentication"], "yes") !== "no") return "yes";
      // PAM asks for the same password by the other way.
      const asks = value(when, ["kbdinteractiveauthentication", "challengeresponseauthentication"], "yes") !== "no" && value("", ["usepam"], "no") !== "no";
      return asks ? "no, KbdInteractiveAuthentication yes with UsePAM" : "no";
    }),
  };
}

function settingsOf(root: string): readonly Setting[] | undefined {
  const settings: Setting[] = [];
  let isAllSeen = true;
  const take = (path: string, outer: string, depth: number): void => {
    const text = read(join(root, path));
    if (text === undefined || depth > depthMax) return void (isAllSeen = false);
    let when = outer;
    for (const line of text.split("\n")) {
      const [, keyword = "", rest = ""] = /^\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
      const words = (rest.match(/"[^"]*"|[^\s"]+/g) ?? []).map((word) => word.replaceAll("\"", ""));
      const name = keyword.toLowerCase();
      if (name === "match") when = words.length === 1 && words[0]?.toLowerCase() === "all" ? outer : [outer, `Match ${words.join(" ")}`].filter((one) => one !== "").join(", ");
      else if (name === "include") for (const pattern of words) for (const file of included(pattern)) take(file, when, depth + 1);
      else if (words[0] !== undefined) settings.push({ keyword: name, value: words[0].toLowerCase(), when });
    }
  };
  const included = (pattern: string): readonly string[] => {
    const place = isAbsolute(pattern) ? pattern : join("/etc/ssh", pattern);
    return globSync(place.slice(1), { cwd: root }).sort().map((file) => `/${file}`);
  };
  if (!isThere(join(root, "etc/ssh/sshd_config"))) return undefined;
  take("/etc/ssh/sshd_config", "", 0);
  return isAllSeen ? settings : undefined;
}
