/** How the nodes of a site find each other: from the configuration where it gives addresses, by multicast DNS where it does not. */
import type { Announcement, Discovery } from "@holon/core/ports.ts";
import type { SiblingConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";

/** The discovery port for these siblings. */
export function createDiscovery(siblings: readonly SiblingConfig[]): Discovery {
  const fixed = createFixedDiscovery(siblings);
  if (siblings.every(({ address }) => address !== undefined)) return fixed;
  return {
    async open(self, heard) {
      const opened = [await fixed.open(self, heard)];
      // Loaded only where it is needed: most nodes have no sibling, or know where it is.
      const { createMulticastDiscovery } = await import("./discovery/mdns.ts");
      opened.push(await createMulticastDiscovery().open(self, heard));
      return { close: async () => void (await Promise.all(opened.map((one) => one.close()))) };
    },
  };
}

/** Says once what the configuration says. */
function createFixedDiscovery(siblings: readonly SiblingConfig[]): Discovery {
  return {
    open(self, heard) {
      for (const { name, address } of siblings) {
        if (address !== undefined && isNodeName(name)) heard({ name, site: self.site, address } satisfies Announcement);
      }
      return Promise.resolve({ close: () => Promise.resolve() });
    },
  };
}
