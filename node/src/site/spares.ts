/** What units of this site hold, as siblings keep it for each other: made by who runs a unit, kept by the others, and taken by who is to go on with it. One cell a unit. */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { compareIds, leaseIdSchema, spareSchema, type LeaseId, type Spare } from "@holon/core/schema/delegation.ts";
import type { UnitState } from "@holon/core/schema/moving.ts";
import { fromBase64, toBase64 } from "@holon/core/series/base64.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { classHeld } from "../moving/moves.ts";
import { encodeUnitState, parseUnitState, unitStateOf } from "../moving/unit-state.ts";
import type { Guard } from "../policy/guard.ts";

export interface SparesOptions {
  readonly log: SegmentLog;
  readonly guard: Pick<Guard, "mayShare">;
  readonly jurisdiction: string;
  desired(): Desired | undefined;
}

export interface Spares {
  of(unit: string): Spare | undefined;
  /** Under which grant this node ran it last; null: never. */
  tenure(unit: string): LeaseId | null;
  tenureCell(unit: string, lease: LeaseId): CellChange;
  spareCell(unit: string, spare: Spare): CellChange;
  /** What the unit holds now, on disk under the next number; the one before where nothing has changed. */
  make(unit: string): Promise<Spare>;
  /** Keeps what another made, where it is newer. */
  keep(unit: string, spare: Spare): Promise<void>;
  /** Of which anything is here, whether they are left to the site or not. */
  units(): readonly string[];
  /** Writes that take all of it from here. */
  forgotten(unit: string): readonly CellChange[];
}

const encoder = new TextEncoder();
const families = { spare: "spare/", tenure: "tenure/" } as const;
const cellOf = (unit: string): string => `${families.spare}${unit}`;
const tenureOf = (unit: string): string => `${families.tenure}${unit}`;

export function createSpares({ log, guard, jurisdiction, desired }: SparesOptions): Spares {
  /** So that a number is of one state. */
  const inTurn = createTurns();
  function of(unit: string): Spare | undefined {
    const bytes = log.cell(cellOf(unit));
    return bytes && spareSchema.parse(parseJson(bytes));
  }
  function tenure(unit: string): LeaseId | null {
    const bytes = log.cell(tenureOf(unit));
    return bytes === undefined ? null : leaseIdSchema.parse(parseJson(bytes));
  }
  const spareCell = (unit: string, spare: Spare): CellChange => ({ key: cellOf(unit), value: encoder.encode(canonicalJson(spare)) });

  /** Why siblings may not have it. */
  async function withheld(unit: string, state: UnitState, bytes: number): Promise<string | undefined> {
    if (bytes > limits.siteSpareBytesMax) return `it holds ${bytes} bytes, and siblings keep ${limits.siteSpareBytesMax}`;
    if (state.cells.length === 0) return undefined; // how far it has read says nothing of what it read
    if (state.blobs.length > 0) return `it has fitted ${state.blobs.length} sets of parameters, which siblings do not keep`;
    const [appName = "", name = ""] = unit.split("/");
    const document = desired();
    const app = document?.apps.find((one) => one.name === appName);
    const dataClass = classHeld(app, name, state);
    const version = document?.version ?? 1;
    const may = await guard.mayShare({ app: appName, name, class: dataClass, rules: app?.egress ?? [], destination: jurisdiction, policyVersion: version, change: version });
    return may ? undefined : `what it holds is of class ${dataClass}, which may not leave ${log.origin}`;
  }

  return {
    of,
    tenure,
    tenureCell: (unit, lease) => ({ key: tenureOf(unit), value: encoder.encode(canonicalJson(lease)) }),
    spareCell,
    make: (unit) => inTurn(() => makeNow(unit)),
    units: () => [...new Set(Object.values(families).flatMap((family) => [...log.cells(family).keys()].map((key) => key.slice(family.length))))].sort(),
    forgotten: (unit) => [cellOf(unit), tenureOf(unit)].filter((key) => log.cell(key) !== undefined).map((key) => ({ key, value: null })),
    async keep(unit, spare) {
      if (spare.state !== null) parseUnitState(fromBase64(spare.state), unit);
      if (compareIds(spare.id, of(unit)?.id ?? null) > 0) await log.append({ cells: [spareCell(unit, spare)] });
    },
  };

  async function makeNow(unit: string): Promise<Spare> {
    const lease = tenure(unit);
    const before = of(unit);
    if (lease === null) throw new HolonError("HOLON_INTERNAL", `${unit} was never granted to ${log.origin}`);
    const isOwn = before !== undefined && compareIds(before.id.slice(0, 2), lease) === 0;
    const state = unitStateOf(unit, "spare", log);
    const bytes = encodeUnitState(state);
    const text = toBase64(bytes);
    if (isOwn && before.state === text) return before;
    const because = await withheld(unit, state, bytes.length);
    if (isOwn && because !== undefined && before.state === null && before.because === because) return before;
    const spare: Spare = { id: [lease[0], lease[1], isOwn ? before.id[2] + 1 : 1], state: because === undefined ? text : null, because: because ?? null };
    await log.append({ cells: [spareCell(unit, spare)] });
    return spare;
  }
}
