/** Pictures of digits, 28 × 28 grey bytes each, row by row: what they are, who said so, and how sure he is. */
import { defineFunction, Reply } from "@holon/sdk";

const pixels = 28 * 28;
const picturesMax = 256;

export default defineFunction({
  on: { http: { method: "POST", path: "/read" } },
  emits: { "digit.read": { stream: "data", class: "derived" } },
  models: ["small"],
  async run({ body }, { models, emit }) {
    const pictures = picturesIn(body);
    if (pictures === undefined) return new Reply(400, { problem: `{"pictures": […]} with 1 to ${picturesMax} lists of ${pixels} bytes` });
    const values = Float32Array.from(pictures.flat(), (byte) => byte / 255);
    const decided = await models.small.decide({ shape: [pictures.length, pixels], values });
    const read = decided.map(({ scores, ...who }) => ({ digit: scores.indexOf(Math.max(...scores)), ...who }));
    for (const data of read) emit("digit.read", { data });
    return { read };
  },
});

function picturesIn(body: unknown): readonly (readonly number[])[] | undefined {
  if (typeof body !== "object" || body === null || !("pictures" in body) || !Array.isArray(body.pictures)) return undefined;
  const pictures: readonly unknown[] = body.pictures;
  if (pictures.length === 0 || pictures.length > picturesMax || !pictures.every(isPicture)) return undefined;
  return pictures;
}

const isPicture = (value: unknown): value is readonly number[] => Array.isArray(value) && value.length === pixels && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
