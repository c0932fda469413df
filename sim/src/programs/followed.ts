/** The program under test with an app whose every event is followed: where it came in, what the function did with it, the links that it went over. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { controlOf } from "./moving.ts";
import type { SubjectProgram } from "../subject.ts";

export const followedProgram = (program: SubjectProgram): SubjectProgram => ({
  ...program,
  async prepare(nodes) {
    await program.prepare?.(nodes);
    const control = [...nodes.values()].map(controlOf).find((candidate) => candidate !== undefined);
    const [app] = control?.apps() ?? [];
    if (control === undefined || app === undefined) throw new HolonError("HOLON_INTERNAL", "no app is deployed whose events could be followed");
    await control.deploy({ ...app.document, tracing: { share: 1, spansPerSecondMax: limits.traceSpansPerSecondMax } });
  },
});
