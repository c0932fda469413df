/** A planted bug: an admission without bounds. */
import { createAdmission, type Admission, type AdmissionBounds } from "@holon/core/link/admission.ts";

/** Grants everybody everything at once. */
export function takesAll(bounds: AdmissionBounds): Admission {
  const credit = { data: 1e12, alarm: 1e12 };
  let held = 0;
  let heldBytesHigh = 0;
  return {
    arrived: () => [],
    asked: (session) => [{ word: "credit", session, credit }],
    received(_session, dataBytes, alarmBytes) {
      held += dataBytes + alarmBytes;
      heldBytesHigh = Math.max(heldBytesHigh, held);
      return true;
    },
    returned: () => [],
    settled(_session, _kind, bytes) {
      held -= bytes;
      return [];
    },
    left: () => [],
    lapsesIn: () => undefined,
    lapsed: () => [],
    credit: () => credit,
    status: () => ({ ...createAdmission(bounds).status(), heldBytes: held, heldBytesHigh }),
  };
}
