import { runPlant } from "/work/wt-island/sim/src/plants/run-plant.ts";
import { plants } from "/work/wt-island/sim/src/plants/all.ts";
const wanted = process.argv.slice(2);
for (const plant of plants) {
  if (wanted.length > 0 && !wanted.includes(plant.invariant)) continue;
  const start = Date.now();
  const { isSeen, said } = await runPlant(plant);
  console.log(`${isSeen ? "SEEN" : "NOT "} ${plant.invariant}: ${plant.bug} ${Date.now() - start} ms ${isSeen ? "" : said.slice(0, 700)}`);
}
