/** Lines that fit a terminal; escape sequences take no room. */
const escape = "\u001b";
const escapePattern = new RegExp(`(${escape}\\[[0-9;]*m)`);

const partsOf = (line: string): readonly string[] => line.split(escapePattern);

export const widthOf = (line: string): number => partsOf(line).reduce((sum, part) => sum + (part.startsWith(escape) ? 0 : part.length), 0);

/** Cuts to the width, with an ellipsis where something is left out. */
export function clip(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let room = Math.max(0, width - 1);
  let text = "";
  let isCut = false;
  for (const part of partsOf(line)) {
    if (part.startsWith(escape)) {
      text += part;
    } else if (!isCut) {
      text += part.slice(0, room);
      isCut = part.length > room;
      if (isCut && width > 0) text += "…";
      room -= Math.min(room, part.length);
    }
  }
  return text;
}
