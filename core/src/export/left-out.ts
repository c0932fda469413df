/** What an app needs that no file of a format can say, in plain words: for who exports it, and for who reads the file. */
import type { AppDocument } from "../schema/app.ts";
import type { PlacementNeeds } from "../schema/needs.ts";
import { acceleratorsOf, diskBytesOf, wholeMilli } from "./hardware.ts";
import type { ExportFormat } from "./workload.ts";

/** A line each, of printable characters. */
export function leftOut(app: AppDocument, format: ExportFormat): readonly string[] {
  const lines = [...(acceleratorsOf(app) === 0 ? [] : [askedFor[format]]), ...diskOf(app, format), ...[...app.functions, ...app.models].flatMap(({ name, needs = {} }) => ofUnit(`${app.name}/${name}`, needs, format))];
  // Names of models are their author's: none of them may begin a line of a file.
  return lines.map((line) => line.replaceAll(/[\p{C}\p{Z}]+/gu, " "));
}

/** No format knows accelerators of any maker. */
const askedFor: Readonly<Record<ExportFormat, string>> = {
  kubernetes: "accelerators are asked for as nvidia.com/gpu: for those of another maker write the name of its resource in place of it",
  compose: "accelerators are asked for from the driver nvidia: for those of another maker write how its driver is asked in place of it",
  systemd: "systemd sets no accelerator aside: the unit may open those that the machine has, and has to be started on one that has them",
};

function diskOf(app: AppDocument, format: ExportFormat): readonly string[] {
  const bytes = diskBytesOf(app);
  return bytes === 0 || format === "kubernetes" ? [] : [`${app.name} needs ${bytes} bytes of disk: ${format === "compose" ? "Compose" : "systemd"} sets none aside, so see that there is room for its state`];
}

function ofUnit(unit: string, needs: PlacementNeeds, format: ExportFormat): readonly string[] {
  const { accelerator, providers = [], replicas = 1 } = needs;
  const lines: string[] = [];
  if (replicas > 1) lines.push(`${unit} asks for ${replicas} replicas: this is one node, which runs it once`);
  if (accelerator?.need === "preferred") lines.push(`${unit} would rather have an accelerator: none is asked for`);
  if (accelerator?.need === "required") {
    const { milli, models } = accelerator;
    if (milli < wholeMilli && format !== "systemd") lines.push(`${unit} needs ${milli} thousandths of an accelerator, and a whole one is taken, for this app alone`);
    if (models.length > 0) lines.push(`${unit} needs an accelerator of the model ${models.join(" or ")}: no model is asked for, so see that it runs where there is one`);
  }
  if (providers.length > 0 && !providers.includes("cpu")) lines.push(`${unit} needs the execution provider ${providers.join(" or ")}: see that the ${format === "systemd" ? "machine" : "image"} has it`);
  const unheld = heldByFleet.filter((need) => needs[need] !== undefined);
  if (unheld.length > 0) lines.push(`${unit} asks for ${unheld.map((need) => `\`${need}\``).join(", ")}: a fleet holds to that, and nothing does here`);
  return lines;
}

/** Needs that are kept by choosing among nodes or hours, and that one node cannot keep. */
const heldByFleet = ["latencyMsMax", "trust", "budgetPerMonthMax", "deferrableHours", "job"] as const;
