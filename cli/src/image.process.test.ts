/** A function that is an OCI image, deployed as a file beside its manifest and run on a real gateway; it brings its own interpreter. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { canConfine } from "@holon/platform/confine.ts";
import { ociArchive, perlFiles } from "@holon/platform/testing/oci-image.ts";
import { need } from "../../scripts/testing/need.ts";
import { deployHere } from "./app/deploy-here.ts";
import { loadManifest } from "./app/load.ts";
import { publish } from "./app/publish.ts";
import { startThree } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const program = `
use strict; use warnings; use IO::Socket::UNIX;
my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $ENV{HOLON_SOCKET}, Listen => 5) or die "no socket: $!";
while (my $client = $listen->accept()) {
  my ($line, $length) = (scalar <$client>, 0);
  while (defined(my $header = <$client>)) { last if $header eq "\\r\\n"; $length = $1 if $header =~ /^content-length: (\\d+)/i; }
  my $asked = ""; read($client, $asked, $length) if $length;
  my $sum = 0; $sum += $1 while $asked =~ /"v":(\\d+)/g;
  my $answer = $line =~ /^POST/ ? '{"outputs":[{"type":"pump.score","data":{"sum":' . $sum . '}}]}' : "{}";
  $answer = '{"outputs":[{"type":"holon.response","data":{"request":"' . $1 . '","body":{"sum":' . $sum . '}}}]}' if $asked =~ /"request":"([^"]+)"/;
  $answer = '{"outputs":[{"type":"pump.hour","data":{"sum":' . $sum . '}}]}' if $asked =~ /"startMs"/;
  print $client "HTTP/1.1 200 OK\\r\\ncontent-length: " . length($answer) . "\\r\\nconnection: close\\r\\n\\r\\n$answer"; close($client);
}
`;

const hasPerl = process.platform === "linux" && existsSync("/usr/bin/perl");
const skip = need("bwrap").skip !== false ? need("bwrap").skip : !hasPerl ? "no perl here to make an image of" : canConfine() ? false : "bubblewrap may not make namespaces here";

test("an image answers the events of its app on the gateway, and what it makes of them reaches the cloud", { skip }, async (context) => {
  const folder = tempFolder(context);
  const app = join(folder, "scored");
  mkdirSync(app);
  writeFileSync(join(app, "score.tar"), ociArchive({ packing: "zstd", layers: [perlFiles(), [{ path: "app.pl", content: new TextEncoder().encode(program) }]], config: { Entrypoint: ["/usr/bin/perl", "/app.pl"] } }));
  writeFileSync(join(app, "rows.jsonl"), [1, 2, 3].map((v) => JSON.stringify({ v })).join("\n"));
  writeFileSync(join(app, "holon.app.json"), JSON.stringify({
    name: "scored",
    sources: [{ kind: "replay", name: "rows", type: "pump.reading", files: [{ path: join(app, "rows.jsonl"), subject: "pump-1" }], format: "jsonl", columns: { v: "v" }, speed: "max" }],
    functions: [
      { name: "score", runtime: "image", module: "score.tar", on: { type: "pump.reading" }, emits: { "pump.score": { stream: "data", class: "derived" } } },
      // What triggers a program is what triggers any function.
      { name: "ask", runtime: "image", module: "score.tar", on: { http: { method: "POST", path: "/sum" } }, emits: { "holon.response": { stream: "local", class: "raw" } } },
      { name: "hour", runtime: "image", module: "score.tar", on: { type: "pump.reading", watermark: { idleMs: 1_000 }, window: { kind: "tumbling", sizeMs: 1_000 } }, emits: { "pump.hour": { stream: "local", class: "derived" } } },
    ],
    egress: [{ class: "derived" }],
  }));
  const three = await startThree({ data: join(folder, "data"), portBase: 0, jurisdiction: "EU/DE", trace: { level: "error", output: process.stderr } });
  context.after(() => three.close());
  await deployHere(three, await publish(await loadManifest(app)));
  const { node } = three.cloud;
  const sums = async (): Promise<number> => {
    const found = node.log.heads().get("gateway-1/data");
    if (found === undefined) return 0;
    const records = await node.log.read(found.lane, 1, { maxRecords: 1_000, maxBytes: 1 << 20 });
    return records.map(({ bytes }) => parseStoredEvent(bytes, "test")).reduce((sum, { type, data }) => sum + (type === "pump.score" ? Number(Object(data).sum) : 0), 0);
  };
  await until("all readings are in the sums at the cloud", async () => (await sums()) === 6, 120_000);
  const unit = (name: string) => three.gateway.node.status().agent.units.find((one) => one.name === name);
  assert.deepEqual([unit("score")?.state, unit("score")?.handled, unit("score")?.problem], ["running", 3, undefined]);
  const token = readFileSync(join(folder, "data", "api-token"), "utf8").trim();
  const answer = await fetch(`${three.gateway.api}/v1/apps/scored/http/sum`, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: '{"v":4}' });
  assert.deepEqual([answer.status, await answer.json()], [200, { sum: 4 }]);
  await until("the hour's window is told", () => (unit("hour")?.emitted ?? 0) > 0, 120_000);
});
