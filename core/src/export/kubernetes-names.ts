/** Names and labels that an API server takes. What is not legal as it stands is cut, and ends with a digest of the whole, so that two that differ still do. */
import { digestOf } from "../stream/deduplicate.ts";

/** Of a service (RFC 1035: it begins with a letter), and of a StatefulSet, to whose name its pods' label `controller-revision-hash` adds 11 characters. */
export function objectName(app: string): string {
  if (/^[a-z]/.test(app) && app.length <= setNameMax) return app;
  return withDigest(/^[a-z]/.test(app) ? app : `app-${app}`, app, setNameMax);
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export function labelValue(text: string): string {
  const value = text.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  return value.length <= labelMax && /^[A-Za-z0-9](.*[A-Za-z0-9])?$/.test(value) ? value : withDigest(value, text, labelMax);
}

function withDigest(value: string, whole: string, lengthMax: number): string {
  const digest = digestOf(whole).toString(16).padStart(8, "0");
  const stem = value.slice(0, lengthMax - digest.length - 1).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  return stem === "" ? digest : `${stem}-${digest}`;
}

const labelMax = 63;
const setNameMax = labelMax - 11;
