/** Tells, once for as long as it stays so, that a node whose identity is bound to its TPM gets no signature of it: while the node's certificate holds, somebody can come in time. */
import type { Binding } from "@holon/core/identity/chip.ts";
import type { Log } from "@holon/core/log/log.ts";
import type { Trace } from "@holon/core/ports.ts";
import { toHolonError } from "@holon/core/errors.ts";
import type { Events } from "../event/events.ts";

/** Called whenever the node has looked after its certificate. */
export function createChipAlarm(log: Pick<Log, "append">, events: Events, binding: () => Binding, trace: Trace): () => void {
  let told = false;
  return () => {
    const { isBound, problem } = binding();
    if (!isBound || problem === undefined) {
      told = false;
      return;
    }
    if (told) return;
    told = true;
    trace.note("error", `${problem.message}. ${problem.next}`, { code: problem.code });
    log.append({ records: [events.record({ stream: "alarm", type: "holon.node.unproved", class: "public", producer: "identity", data: { ...problem } })] }).catch((error: unknown) => {
      told = false;
      trace.note("warn", `the alarm on this node's TPM: ${toHolonError(error).message}`, { code: toHolonError(error).code });
    });
  };
}
