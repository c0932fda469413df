/** Whether somebody has set the clock that shows this: one that begins at 1970 with each start says nothing of what was kept from before. */
export const isSet = (wallMs: number): boolean => wallMs > beforeAnyNodeMs;

const beforeAnyNodeMs = Date.UTC(2025, 0, 1);
