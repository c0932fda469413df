/**
 * Accelerators that this machine shows: what Linux has devices for. The driver of NVIDIA names its cards under /proc/driver/nvidia/gpus; cards that draw or compute have a render node under /sys/class/drm
 * (Documentation/gpu/drm-uapi), those that compute alone stand under /sys/class/accel (Documentation/accel), and some come with a character device of their own. A device that is there says not that a model can use it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface FoundAccelerator {
  readonly model: string;
  readonly count: number;
}

/** As /sys/…/device/vendor has them. What a hypervisor draws on (virtio, QEMU, VMware, Hyper-V) computes nothing. */
const vendors: Readonly<Record<string, string>> = { "0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel", "0x13b5": "arm", "0x1da3": "habana", "0x17cb": "qualcomm" };
/** Names of /dev, where nothing else tells of the device. */
const characterDevices: readonly (readonly [RegExp, string])[] = [[/^apex_\d+$/, "google coral"], [/^hailo\d+$/, "hailo"], [/^davinci\d+$/, "huawei ascend"]];

/** Nothing found is an empty list; undefined where the system has no such places to look: then nobody knows. `root`: of the file system. */
export function acceleratorsOf(root = "/", system: string = process.platform): readonly FoundAccelerator[] | undefined {
  if (system !== "linux" || names(join(root, "sys/class")) === undefined) return undefined;
  const named = (names(join(root, "proc/driver/nvidia/gpus")) ?? []).map((card) => `nvidia ${/^Model:\s*(?:NVIDIA )?(.+)$/m.exec(text(join(root, "proc/driver/nvidia/gpus", card, "information")) ?? "")?.[1]?.trim() ?? "gpu"}`);
  const drawing = devicesOf(join(root, "sys/class/drm"), /^renderD\d+$/).flatMap((vendor) => (vendor === undefined || (vendor === "nvidia" && named.length > 0) ? [] : [`${vendor} gpu`]));
  const computing = devicesOf(join(root, "sys/class/accel"), /^accel\d+$/).map((vendor) => `${vendor ?? "unnamed"} accelerator`);
  const others = (names(join(root, "dev")) ?? []).flatMap((name) => characterDevices.flatMap(([pattern, model]) => (pattern.test(name) ? [model] : [])));
  const counts = new Map<string, number>();
  for (const model of [...named, ...drawing, ...computing, ...others]) counts.set(model, (counts.get(model) ?? 0) + 1);
  return [...counts].map(([model, count]) => ({ model, count })).sort((a, b) => (a.model < b.model ? -1 : 1));
}

/** Who made each; undefined: nobody who is known for it. */
const devicesOf = (folder: string, pattern: RegExp): readonly (string | undefined)[] => (names(folder) ?? []).filter((name) => pattern.test(name)).map((name) => vendors[text(join(folder, name, "device/vendor"))?.trim() ?? ""]);

function names(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined; // no such place, or not for this user
  }
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
