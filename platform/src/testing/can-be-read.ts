/** Whether a secret can be read out of bytes: as it is, or by decoding any part of them. What redaction is held against, written without it. */
export function canBeRead(text: string, secret: string): boolean {
  const hex = Buffer.from(secret).toString("hex");
  if (text.includes(secret) || [text, text.replaceAll(/[: -](?=[0-9a-f]{2})/gi, "")].some((one) => one.toLowerCase().includes(hex)) || text.includes(JSON.stringify(secret).slice(1, -1)) || text.includes(encodeURIComponent(secret))) return true;
  const bytes = Buffer.from(secret).toString("latin1");
  return [...text.matchAll(/[A-Za-z0-9+/_-]{8,}/g)].some(([part]) => [0, 1, 2, 3].some((skip) => Buffer.from(part.slice(skip).replaceAll("-", "+").replaceAll("_", "/"), "base64").toString("latin1").includes(bytes)));
}
