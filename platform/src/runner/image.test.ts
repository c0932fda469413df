import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { need } from "../../../scripts/testing/need.ts";
import { onItsTurn } from "../../../scripts/testing/turns.ts";
import type { TarFile } from "@holon/core/image/tar-writer.ts";
import type { UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { eventsOf, fails } from "@holon/sim/contracts/runner.ts";
import { canConfine } from "../confine.ts";
import { readImageFile } from "../image/file.ts";
import { createImageStore } from "../image/store.ts";
import { createRunner } from "../runner.ts";
import { ociArchive, perlFiles, type ImageMaking } from "../testing/oci-image.ts";

const runner = createRunner();
after(() => runner.close());

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A program of the contract around a body that returns the data of one output as JSON; `$asked` holds the batch. */
const server = (body: string): string => `
use strict; use warnings; use IO::Socket::UNIX;
sub run { my ($asked) = @_;
${body}
}
my $listen = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => $ENV{HOLON_SOCKET}, Listen => 5) or die "no socket: $!";
while (my $client = $listen->accept()) {
  my ($line, $length) = (scalar <$client>, 0);
  while (defined(my $header = <$client>)) { last if $header eq "\\r\\n"; $length = $1 if $header =~ /^content-length: (\\d+)/i; }
  my $asked = ""; read($client, $asked, $length) if $length;
  my $answer = $line =~ /^POST/ ? '{"outputs":[{"type":"out.made","data":' . run($asked) . '}]}' : "{}";
  print $client "HTTP/1.1 200 OK\\r\\ncontent-length: " . length($answer) . "\\r\\nconnection: close\\r\\n\\r\\n$answer"; close($client);
}
`;

const listing = `opendir(my $folder, "/srv"); return '"' . join(",", sort grep { !/^\\./ } readdir($folder)) . '"';`;

const files = existsSync("/usr/bin/perl") && process.platform === "linux" ? perlFiles() : [];
const canRun = { skip: need("bwrap").skip !== false ? need("bwrap").skip : files.length === 0 ? "no perl here to make an image of" : canConfine() ? false : "bubblewrap may not make namespaces here" };

const imageOf = (body: string, making: Partial<ImageMaking> = {}, more: readonly TarFile[] = []): Uint8Array =>
  ociArchive({ config: { Entrypoint: ["/usr/bin/perl"], Cmd: ["/srv/app.pl"], Env: ["PATH=/usr/bin", "GREETING=hello", "HOLON_SOCKET=/srv/other"], WorkingDir: "/srv/data" }, ...making, layers: [files, [{ path: "srv/app.pl", content: bytes(server(body)) }, ...more], ...(making.layers ?? [])] });

const programOf = (code: Uint8Array, options: Partial<UnitProgram> = {}): UnitProgram => ({ name: "probe", code, runtime: "image", models: {}, fitted: [], state: new Map(), timeoutMs: 5_000, startMs: 10_000, ...options });
const start = (code: Uint8Array, options: Partial<UnitProgram> = {}): Promise<UnitInstance> => runner.start(programOf(code, options));

const dataOf = async (code: Uint8Array, options: Partial<UnitProgram> = {}): Promise<unknown> => {
  const unit = await start(code, options);
  try {
    return (await unit.handle(eventsOf(1))).outputs[0]?.data;
  } finally {
    await unit.stop();
  }
};

describe("a function that is an image", () => {
  it("answers over its socket, from its own files and in its own folder", canRun, async () => {
    const body = `my ($n) = $asked =~ /"data":(\\d+)/; my $cwd = readlink("/proc/self/cwd"); return "[$n,\\"$ENV{GREETING}\\",\\"$cwd\\",\\"" . (-e "/usr/bin/python3" ? "the machine's" : "its own") . "\\"]";`;
    assert.deepEqual(await dataOf(imageOf(body)), [1, "hello", "/srv/data", "its own"]);
  });

  it("has what the upper layer left of the lower", canRun, async () => {
    const more: readonly TarFile[] = [{ path: "srv/a", content: bytes("1") }, { path: "srv/b", content: bytes("2") }];
    const code = imageOf(listing, { packing: "gzip", layers: [[{ path: "srv/.wh.a" }, { path: "srv/c", type: "1", target: "srv/b" }]] }, more);
    assert.equal(await dataOf(code), "app.pl,b,c,data");
  });

  it("has no network, no environment of the node's, no files but its own, no processes but its own, no rights, and can change nothing", canRun, async () => {
    process.env["HOLON_TEST_MARK"] = "visible";
    const home = process.cwd();
    const body = `
use Socket;
my @seen;
socket(my $s, PF_INET, SOCK_STREAM, 0); push @seen, connect($s, sockaddr_in(22, inet_aton("127.0.0.1"))) ? "connected" : "no network";
push @seen, join("+", grep { /^HOLON_(?!SOCKET|FOLDER)/ } keys %ENV);
push @seen, (-e "${home}" || -e "/etc/passwd") ? "files" : "no files";
opendir(my $p, "/proc"); push @seen, scalar(grep { /^\\d+$/ } readdir($p)) < 6 ? "alone" : "processes";
open(my $w, ">", "/srv/written") ? push(@seen, "written") : push(@seen, "read only");
open(my $m, ">", "/usr/bin/perl") ? push(@seen, "written") : push(@seen, "read only");
open(my $k, ">>", "/proc/sys/kernel/core_pattern") ? push(@seen, "the kernel's settings") : push(@seen, "read only");
my $mode = (stat("/usr/bin/perl"))[2]; push @seen, ($mode & 06000) ? "setuid" : "plain";
open(my $c, "<", "/proc/self/status"); my ($caps) = grep { /^CapEff/ } <$c>; push @seen, $caps =~ /^CapEff:\\s+0+$/ ? "no rights" : $caps;
return '["' . join('","', @seen) . '"]';`;
    assert.deepEqual(await dataOf(imageOf(body)), ["no network", "", "no files", "alone", "read only", "read only", "read only", "plain", "no rights"]);
  });

  it("reaches nothing of the machine by links, and gets no mount of the node's where a link leads", canRun, async () => {
    const mark = mkdtempSync(join(tmpdir(), "holon-mark-"));
    writeFileSync(join(mark, "secret"), "the machine's");
    const links: readonly TarFile[] = [
      { path: "etc/out", type: "2", target: `${mark}/secret` },
      { path: "etc/up", type: "2", target: `../../../../../../../../..${mark}/secret` },
      { path: "run", type: "2", target: `/oldroot${mark}` },
      { path: "tmp", type: "2", target: mark },
      { path: "proc", type: "2", target: "/" },
    ];
    try {
      const body = `return '["' . join('","', map { my $f; open($f, "<", $_) ? scalar(<$f>) : "nothing" } "/etc/out", "/etc/up", "/oldroot${mark}/secret", "/../..${mark}/secret") . '"]';`;
      assert.deepEqual(await dataOf(imageOf(body, {}, links)), ["nothing", "nothing", "nothing", "nothing"]);
      assert.deepEqual([readdirSync(mark), readFileSync(join(mark, "secret"), "utf8"), statSync(mark).mode & 0o777], [["secret"], "the machine's", 0o700]);
    } finally {
      rmSync(mark, { recursive: true });
    }
  });

  it("keeps its bounds: memory, scratch, time", canRun, async () => {
    assert.equal(await dataOf(imageOf(`return eval { my $x = "x" x (1 << 28); 1 } ? '"got it"' : '"refused"';`), { memoryBytesMax: 128 << 20 }).catch((error: Error) => (/did not answer|ended/.test(error.message) ? "refused" : error)), "refused");
    const fill = `my @seen; for my $path (map { "$_/a" } "/run", "/tmp", "/dev/shm", "/dev") { my $f; if (!open($f, ">", $path)) { push @seen, "read only"; next } my $sum = 0; for (1..80) { my $n = syswrite($f, "x" x (1 << 20)); last unless $n; $sum += $n } push @seen, $sum <= (64 << 20) ? "full" : "more"; unlink($path) }
my $null; (open($null, ">", "/dev/null") && syswrite($null, "x")) or push @seen, "no devices"; return '"' . join(",", @seen) . '"';`;
    assert.equal(await dataOf(imageOf(fill)), "full,full,full,read only");
    const unit = await start(imageOf(`while (1) {}`), { timeoutMs: 700 });
    await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_TIMEOUT", /probe/);
    await unit.stop();
  });

  it("is ended where it puts too much into the folder of its socket: bytes, or files", canRun, async () => {
    const bytesOver = `for my $place (1..3) { open(my $f, ">", "$ENV{HOLON_FOLDER}/big-$place"); syswrite($f, "x" x (1 << 20)) for 1..40; close($f) } sleep 20; return "1";`;
    const filesOver = `mkdir("$ENV{HOLON_FOLDER}/many"); for my $n (1..6000) { open(my $f, ">", "$ENV{HOLON_FOLDER}/many/$n") } sleep 20; return "1";`;
    for (const [body, said] of [[bytesOver, /more than 64 MiB/], [filesOver, /more than 4096 files/]] as const) {
      const unit = await start(imageOf(body), { timeoutMs: 15_000 });
      await fails(unit.handle(eventsOf(1)), "HOLON_UNIT_DIED", said);
      await unit.stop();
    }
  });

  it("is refused where it is not what its digests say, is no image, is for other machines, or starts nothing", canRun, async () => {
    const body = `return "1";`;
    const flip = (pattern: RegExp) => (all: Map<string, Uint8Array>): void => {
      for (const [path, content] of all) if (pattern.test(path) && content.length < 100_000) all.set(path, content.map((byte, at) => (at === 40 ? byte ^ 1 : byte)));
    };
    await fails(start(imageOf(body, { change: flip(/^blobs/) })), "HOLON_IMAGE_BAD", /something else under sha256/);
    await fails(start(bytes("no image")), "HOLON_IMAGE_BAD", /no index.json/);
    await fails(start(imageOf(body, { platform: { os: "linux", architecture: "vax" } })), "HOLON_UNIT_UNSUPPORTED", /linux\/vax/);
    await fails(start(ociArchive({ layers: [[{ path: "a" }]] })), "HOLON_UNIT_BAD", /does not say what it starts/);
    await fails(start(ociArchive({ layers: [[{ path: "dev/sda", type: "3" }]] })), "HOLON_IMAGE_BAD", /device/);
    await fails(start(ociArchive({ layers: [[{ path: "../out", content: bytes("x") }]] })), "HOLON_IMAGE_BAD", /none below its root/);
  });
});

it("what an end by force left of images goes at the next start, and a folder that cannot be made is told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holon-unpacked-"));
  try {
    mkdirSync(join(folder, "images", "holon-image-old"), { recursive: true });
    const store = createImageStore(join(folder, "images"));
    const { release } = await store.take(imageOf(`return "1";`), "it");
    assert.deepEqual(readdirSync(join(folder, "images")).filter((name) => name.endsWith("old")), []);
    assert.equal(readdirSync(join(folder, "images")).length, 1);
    release();
    await store.close();
    assert.deepEqual(readdirSync(join(folder, "images")), []);
    writeFileSync(join(folder, "file"), "");
    await fails(createImageStore(join(folder, "file", "images")).take(bytes("x"), "it"), "HOLON_DISK_FAILED", /make a folder for it/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("an image that another builder made runs from its layout", onItsTurn(0, 3, canRun.skip === false ? need("umoci").skip : canRun.skip), async () => {
  const folder = mkdtempSync(join(tmpdir(), "holon-umoci-"));
  const umoci = (...words: readonly string[]): void => void execFileSync("umoci", words, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const own = [...files, { path: "srv/app.pl", content: bytes(server(listing)) }, { path: "srv/gone", content: bytes("1") }];
  try {
    umoci("init", "--layout", "image");
    umoci("new", "--image", "image:1");
    umoci("unpack", "--rootless", "--image", "image:1", "lower");
    for (const { path, content } of own) {
      const at = join(folder, "lower", "rootfs", path);
      mkdirSync(dirname(at), { recursive: true });
      if (content !== undefined) writeFileSync(at, content, { mode: 0o755 });
    }
    umoci("repack", "--image", "image:1", "lower");
    umoci("config", "--image", "image:1", "--config.entrypoint", "/usr/bin/perl", "--config.cmd", "/srv/app.pl");
    umoci("unpack", "--rootless", "--image", "image:1", "upper");
    rmSync(join(folder, "upper", "rootfs", "srv", "gone"));
    umoci("repack", "--image", "image:1", "upper");
    const [once, again] = [await readImageFile(join(folder, "image"), "it"), await readImageFile(join(folder, "image"), "it")];
    assert.deepEqual(once, again);
    assert.equal(await dataOf(once), "app.pl");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("what is no image is refused before it is published", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holon-layout-"));
  try {
    await fails(readImageFile(folder, "it"), "HOLON_APP_BAD", /cannot be read/);
    const archive = join(folder, "a.tar");
    writeFileSync(archive, ociArchive({ layers: [[{ path: "a" }]] }));
    assert.ok((await readImageFile(archive, "it")).length > 0);
    writeFileSync(archive, "no image at all");
    await fails(readImageFile(archive, "it"), "HOLON_IMAGE_BAD", /index.json/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
