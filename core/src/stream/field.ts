/** The value at a dotted path in JSON data; a member that is itself named with dots is found first. */
export function fieldOf(data: unknown, path: string): unknown {
  if (typeof data !== "object" || data === null) return undefined;
  if (Object.hasOwn(data, path)) return Object.getOwnPropertyDescriptor(data, path)?.value;
  const dot = path.indexOf(".");
  if (dot < 0) return undefined;
  const head = path.slice(0, dot);
  return Object.hasOwn(data, head) ? fieldOf(Object.getOwnPropertyDescriptor(data, head)?.value, path.slice(dot + 1)) : undefined;
}
