/** What devices, producers and callers of an API send. */
import type { Route } from "@holon/core/api/route.ts";
import { parseBatch } from "@holon/core/bulk/batch.ts";
import { createBatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { createFrameCutter, encodeHello, encodeStored, parseDoorFrame, parseHello } from "@holon/core/bulk/frame.ts";
import { packBatch } from "@holon/core/bulk/pack.ts";
import { revokedSchema } from "@holon/core/identity/messages.ts";
import { scanJson } from "@holon/core/json-scan.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { parseRequest } from "@holon/node/shared/wire.ts";
import { parseShared } from "@holon/core/shared/state.ts";
import { createPacketCutter, MqttViolation } from "@holon/platform/door/mqtt/frames.ts";
import { createPacketReader, isPublish, protocolLevel, Publication, readPublish } from "@holon/platform/door/mqtt/packets.ts";
import { readMessage } from "@holon/platform/door/mqtt/payload.ts";
import { parseTopicFilter } from "@holon/platform/door/mqtt/topic.ts";
import { allCells, cellToNumber } from "@holon/platform/door/replay/csv.ts";
import { createMatcher } from "@holon/platform/http/match.ts";
import { parseWith } from "@holon/platform/http/parse.ts";
import { HttpRefusal } from "@holon/platform/http/refusal.ts";
import { bearerToken } from "@holon/platform/secret.ts";
import { bytesOf, textOf, type Target } from "./target.ts";

const connect = Buffer.from([0x10, 17, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 5, 104, 111, 108, 111, 110]);
const subscribe = Buffer.from([0x82, 8, 0, 1, 0, 3, 97, 47, 35, 1]);
const unsubscribe = Buffer.from([0xa2, 7, 0, 2, 0, 3, 97, 47, 35]);

function batch(): Uint8Array {
  const writer = createBatchWriter();
  for (let index = 0; index < 3; index++) writer.add(bytesOf(`{"value":${index}}`), index === 0 ? undefined : `device-${index}`, index === 2 ? 1_700_000_000_000 : undefined);
  return writer.finish(1).slice();
}

/** PUBLISH of MQTT 5, with a user property and others. */
const withProperties = Buffer.from([0x30, 37, 0, 3, 0x61, 0x2f, 0x62, 29, 0x01, 1, 0x02, 0, 0, 0, 9, 0x26, 0, 11, ...Buffer.from("traceparent"), 0, 2, 0x30, 0x30, 0x08, 0, 1, 0x61, ...Buffer.from("12")]);

const route = (method: Route["method"], path: string, body?: Route["body"]): Route => ({ method, path, summary: "", answer: appDocumentSchema, query: revokedSchema, ...(body === undefined ? {} : { body }), handle: () => Promise.resolve({ status: 200, body: null }) });
const match = createMatcher([route("GET", "/v1/nodes"), route("GET", "/v1/nodes/{node}"), route("PUT", "/v1/apps/{app}", appDocumentSchema), route("GET", "/v1/apps/{app}/http/{path*}")]);
const app = { name: "app", version: "1", functions: [{ name: "f", code: "0".repeat(64), on: { type: "a.b" }, emits: {} }], models: [], egress: [] };

export const doorTargets: readonly Target[] = [
  {
    name: "mqtt-packets",
    samples: () => [connect, subscribe, unsubscribe, Buffer.from([0xc0, 0]), Buffer.from([0x62, 2, 0, 1]), new Publication(Buffer.from("a/b"), bytesOf('{"value":1}')).v4, withProperties, Buffer.concat([connect, subscribe])],
    expects: (error) => error instanceof MqttViolation,
    run(input) {
      const cutter = createPacketCutter(65_536);
      const readers = [createPacketReader(4), createPacketReader(5)];
      const went: string[] = [];
      const half = input.length >> 1;
      for (const piece of [input.subarray(0, half), input.subarray(half)]) {
        cutter.push(Buffer.from(piece));
        for (let packet = cutter.next(); packet !== undefined; packet = cutter.next()) {
          protocolLevel(packet);
          // Each in the words of both protocols: what the one refuses the other may take.
          for (const [index, read] of readers.entries()) {
            try {
              went.push(isPublish(packet) ? `publish ${readPublish(packet, index === 1).traceparent}` : read(packet).cmd);
            } catch (error) {
              if (!(error instanceof MqttViolation)) throw error;
              went.push("refused");
            }
          }
        }
      }
      return went.slice(0, 5).join();
    },
  },
  { name: "mqtt-payloads", words: ["null", "[", "{"], samples: () => ['{"value":1}', "text", "[1,2]", "1e5"].map(bytesOf), run: (input) => wayOf(readMessage("a.b", "a/b", Buffer.from(input))) },
  { name: "mqtt-topics", words: ["+", "#", "/", "$share/"], samples: () => ["a/b", "a/+/#", "$share/x/a"].map(bytesOf), run: (input) => `${parseTopicFilter(textOf(input))?.length}` },
  {
    name: "bulk-frames",
    samples: () => [batch(), encodeHello({ protocol: 1, source: "source", producer: "p", epoch: 1 }), encodeStored(3)],
    run(input) {
      const cutter = createFrameCutter();
      const third = Math.ceil(input.length / 3);
      for (const piece of [input.subarray(0, third), input.subarray(third)]) {
        cutter.push(piece);
        for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) {
          for (const parse of [(bytes: Uint8Array) => packBatch(parseBatch(bytes), 0, () => '{"type":"a.b"'), parseHello, parseDoorFrame]) refusesOrTakes(() => parse(frame));
        }
      }
    },
  },
  { name: "bulk-batches", samples: () => [batch()], run: (input) => packBatch(parseBatch(input), 0, () => '{"type":"a.b"') },
  { name: "json-scan", words: ["\\u0000", "\\ud800", "1e", "-"], samples: () => ['{"a":[1,2.5e3,"x\\n",null,true]}', "[[[]]]", '"é"'].map(bytesOf), run: (input) => scanJson(new DataView(input.buffer, input.byteOffset, input.byteLength), 0, input.length, limits.payloadDepthMax) },
  { name: "csv", words: ['"', ";", "1,5"], samples: () => ['2026-01-01;1,5;"a ""b"""', "a;b;c", "1;-0;1e5"].map(bytesOf), run: (input) => allCells(textOf(input), ";")?.map(cellToNumber) },
  {
    name: "http-requests",
    words: ["GET", "PUT", "/v1/apps/app", "/v1/apps/app/http/x", "?limit=1", "%2F", "Bearer ", "00-", "\n"],
    samples: () => ["GET\n/v1/nodes?limit=5\nBearer abc\n00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\n", "GET\n/v1/nodes/gateway-1\n\n\n", `PUT\n/v1/apps/app\nBearer x\n\n${JSON.stringify(app)}`].map(bytesOf),
    expects: (error) => error instanceof HttpRefusal,
    run(input) {
      const [method = "", target = "", authorization = "", traceparent = "", ...rest] = textOf(input).split("\n");
      const url = URL.parse(target, "http://localhost");
      bearerToken(authorization);
      parseTraceparent(traceparent);
      if (url === null) return;
      const found = match(method, url.pathname);
      if (found.route.query !== undefined) parseWith(found.route.query, Object.fromEntries(url.searchParams), "query");
      if (found.route.body !== undefined) parseWith(found.route.body, jsonOf(rest.join("\n")), "body");
    },
  },
  {
    name: "shared-state",
    words: ["entries", "generation", "register", "counter", "set", "__proto__"],
    samples: () => [bytesOf(JSON.stringify({ generation: "g.1", apps: [["app", 1]], entries: [["app/name/register/key", "derived", '{"stamp":[1,"a",1],"text":"1"}']] })), bytesOf('{"a":[1,2]}')],
    run(input) {
      const value = jsonOf(textOf(input));
      refusesOrTakes(() => parseRequest(value));
      for (const kind of ["register", "counter", "set"] as const) refusesOrTakes(() => parseShared(kind, textOf(input)));
    },
  },
];

const wayOf = (given: object): string => (given instanceof Error ? given.message.replaceAll(/\d+/g, "#") : "taken");

/** One frame that is refused says nothing of the others. */
function refusesOrTakes(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "HolonError") throw error;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // as a reader of requests refuses it
  }
}
