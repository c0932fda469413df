/** Puts what commands said into their page, in place of what it showed. Tokens are cut off: they are secrets, if only of a folder that is gone. */

export function withSaid(text: string, said: readonly { readonly line: number; readonly code: string }[]): string {
  return [...said].sort((a, b) => b.line - a.line).reduce((page, { line, code }) => {
    const lines = page.split("\n");
    const end = lines.findIndex((each, index) => index >= line && /^```+\s*$/.test(each));
    return end < 0 ? page : [...lines.slice(0, line), ...withoutTokens(code).trimEnd().split("\n"), ...lines.slice(end)].join("\n");
  }, text);
}

const withoutTokens = (code: string): string => code.replace(/\b(token=|holon_token_|holon-(?=eyJ))[\w%.-]+/g, "$1…");
