/** The Door port on a real machine: one file per kind of source. */
import { unreachable } from "@holon/core/errors.ts";
import type { Clock, Door, DoorSink, HostStats, OpenDoor } from "@holon/core/ports.ts";
import type { SourceSpec } from "@holon/core/schema/app.ts";
import { openBulk } from "./door/bulk.ts";
import { openHost } from "./door/host.ts";
import { openMqtt } from "./door/mqtt.ts";
import { openReplay } from "./door/replay.ts";

export interface DoorWorld {
  readonly clock: Clock;
  readonly hostStats: HostStats;
}

/** Opens sources of every kind. `HOLON_SOURCE_…`, `HOLON_PORT_TAKEN`, `HOLON_APP_BAD` if one cannot be opened as its manifest says. */
export function createDoor(world: DoorWorld): Door {
  return {
    open(spec: SourceSpec, sink: DoorSink): Promise<OpenDoor> {
      switch (spec.kind) {
        case "replay":
          return openReplay(spec, sink, world.clock);
        case "mqtt":
          return openMqtt(spec, sink, world.clock);
        case "bulk":
          return openBulk(spec, sink, world.clock);
        case "host":
          return openHost(spec, sink, world);
        default:
          return unreachable(spec);
      }
    },
  };
}
