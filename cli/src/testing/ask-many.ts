/** A process of its own that asks an API again and again, one call after the other: so that nothing but the answer is in the times. Prints them as JSON: by path, milliseconds. */
const [api = "", token = "", rounds = "1", ...paths] = process.argv.slice(2);
const times: Record<string, number[]> = Object.fromEntries(paths.map((path) => [path, []]));
for (let round = 0; round < Number(rounds); round++) {
  for (const path of paths) {
    const beganMs = performance.now();
    const response = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    if (round > 0) times[path]?.push(performance.now() - beganMs); // the first opens the connection
  }
}
process.stdout.write(JSON.stringify(times));
