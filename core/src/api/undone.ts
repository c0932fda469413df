/**
 * Whether a call that failed has surely done nothing, so that what was spent for it can be given back. These codes are said of what was asked for, beside what is there, before anything is
 * changed. What failed in between (a disk, a node that did not answer) may have done a part, and is not among them; nor is a wrong password, of which one approval is to let nobody try many.
 */
import { HolonError, type ErrorCode } from "../errors.ts";

const undone: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "HOLON_ADOPTION_UNSIGNED",
  "HOLON_ALERT_FULL",
  "HOLON_ALERT_UNKNOWN",
  "HOLON_APPROVAL_BAD",
  "HOLON_APPROVAL_FULL",
  "HOLON_APPROVAL_PENDING",
  "HOLON_APP_BAD",
  "HOLON_APP_MISSING",
  "HOLON_ARGUMENT_BAD",
  "HOLON_BLOB_MISSING",
  "HOLON_COMMAND_UNKNOWN",
  "HOLON_DIAGNOSIS_FULL",
  "HOLON_DIAGNOSIS_GONE",
  "HOLON_IDEMPOTENCY_OPEN",
  "HOLON_IDEMPOTENCY_OTHER",
  "HOLON_IDENTITY_FULL",
  "HOLON_INVITATION_BAD",
  "HOLON_MEASURE_OTHER",
  "HOLON_MODEL_DOCUMENT_BAD",
  "HOLON_MODEL_MISSING",
  "HOLON_MODEL_WORSE",
  "HOLON_NODE_UNKNOWN",
  "HOLON_PLACEMENT_UNMET",
  "HOLON_PLAN_MISSING",
  "HOLON_POLICY_BAD",
  "HOLON_POLICY_DENIED",
  "HOLON_POLICY_MISSING",
  "HOLON_POLICY_UNMET",
  "HOLON_SHELL_OFF",
  "HOLON_SHELL_UNSIGNED",
  "HOLON_SIGNATURE_AHEAD",
  "HOLON_SIGNATURE_BAD",
  "HOLON_SIGNATURE_UNMET",
  "HOLON_TOKEN_BAD",
  "HOLON_UNIT_UNKNOWN",
  "HOLON_USER_BAD",
  "HOLON_USER_LAST_OWNER",
  "HOLON_VERSION_OTHER",
]);

/** The code of a failure before anything was done; undefined where that is not sure. */
export const undoneCode = (error: unknown): ErrorCode | undefined => (error instanceof HolonError && undone.has(error.code) ? error.code : undefined);
