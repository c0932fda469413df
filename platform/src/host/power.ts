/** What a Linux machine runs on, as its kernel says (Documentation/ABI/testing/sysfs-class-power). Undefined where it has no such supply, as most servers. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export function powerSourceOf(folder = "/sys/class/power_supply"): "mains" | "battery" | undefined {
  const supplies = names(folder).map((name) => ({ type: word(folder, name, "type"), online: word(folder, name, "online"), status: word(folder, name, "status"), scope: word(folder, name, "scope") }));
  if (supplies.some(({ type, online }) => (type === "Mains" || type === "USB") && online === "1")) return "mains";
  // The battery of a mouse is a battery, too.
  const own = supplies.filter(({ type, scope }) => type === "Battery" && scope !== "Device");
  if (own.length === 0) return undefined;
  return own.some(({ status }) => status === "Discharging") ? "battery" : "mains";
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no such machine
  }
}

function word(folder: string, name: string, file: string): string | undefined {
  try {
    return readFileSync(join(folder, name, file), "utf8").trim();
  } catch {
    return undefined; // not every supply says everything
  }
}
