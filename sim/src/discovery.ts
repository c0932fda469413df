import type { Announcement, Discovery } from "@holon/core/ports.ts";
import { limits } from "@holon/core/limits.ts";
import type { Incarnation } from "./incarnation.ts";
import type { SimNet } from "./net.ts";

/** A node that announces itself and hears others. */
export interface Announcer {
  readonly incarnation: Incarnation;
  readonly self: Announcement;
  readonly heard: (sibling: Announcement) => void;
}

/** Probability that one node misses one announcement: multicast is not sent again. */
const missChance = 0.1;

/** Multicast on the site: what is told reaches every open discovery of the site to which the path is open, or not. */
export function createDiscovery(incarnation: Incarnation, net: SimNet): Discovery {
  const { world } = incarnation;
  const random = world.random.fork(`discovery/${incarnation.name}/${world.nowMs}`);

  function tell(from: Announcer, to: Announcer): void {
    if (from.self.site !== to.self.site || random.chance(missChance) || !net.isReachable(from.self.name, to.self.name)) return;
    world.after(random.between(0.1, 2), () => {
      if (!to.incarnation.alive || !net.announcers.has(to)) return;
      to.incarnation.reach(() => {
        world.note(to.incarnation.identity.number, "heard");
        to.heard(from.self);
      });
    });
  }

  return {
    open: (self, heard) =>
      incarnation.call("discovery.open", 0.5, () => {
        const announcer: Announcer = { incarnation, self, heard };
        for (const other of net.announcers) if (!other.incarnation.alive) net.announcers.delete(other);
        net.announcers.add(announcer);
        const repeat = (): void => {
          if (!incarnation.alive || !net.announcers.has(announcer)) return;
          if (!incarnation.isFrozen) for (const other of net.announcers) if (other !== announcer) tell(announcer, other);
          world.after(limits.discoveryRepeatMs, repeat);
        };
        repeat();
        // Its question is answered by whoever hears it.
        for (const other of net.announcers) if (other !== announcer) tell(other, announcer);
        return { close: () => incarnation.call("discovery.close", 0.1, () => void net.announcers.delete(announcer)) };
      }),
  };
}
