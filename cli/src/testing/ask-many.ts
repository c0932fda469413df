/**
 * A process of its own that asks an API again and again, one call after the other: so that nothing but the answer is in the times. Prints them as JSON: by path, milliseconds and bytes.
 * `{run}` and `{revision}` in a path are those that the last answer had. With `ended` for the number of rounds it prints `warm` when it begins to count, and asks until its input ends.
 */
import { argv, stdin, stdout } from "node:process";

const [api = "", token = "", rounds = "1", warmUp = "1", ...paths] = argv.slice(2);
const asked = Object.fromEntries(paths.map((path) => [path, { times: [] as number[], bytes: 0, bytesEach: [] as number[] }]));
const known = { run: "", revision: "0" };
let isOver = false;
const most = rounds === "ended" ? Infinity : Number(rounds);
if (most === Infinity) stdin.resume().once("end", () => (isOver = true));
for (let round = 0; round < most + Number(warmUp) && !isOver; round++) {
  if (most === Infinity && round === Number(warmUp)) stdout.write("warm\n");
  for (const path of paths) {
    if (isOver) break;
    const beganMs = performance.now();
    const response = await fetch(`${api}${path.replace("{run}", known.run).replace("{revision}", known.revision)}`, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    const tookMs = performance.now() - beganMs;
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    known.run = /"run":"([^"]+)"/.exec(text)?.[1] ?? known.run;
    known.revision = /"revision":(\d+)/.exec(text)?.[1] ?? known.revision;
    const of = asked[path];
    if (of === undefined || round < Number(warmUp)) continue;
    of.times.push(tookMs);
    of.bytes = Math.max(of.bytes, text.length);
    of.bytesEach.push(text.length);
  }
}
stdout.write(JSON.stringify(asked));
