/** Through which record a lane was let go of by rule, as it stands in a cell. */
export const expiredCell = (lane: string): string => `expired/${lane}`;
/** What the trail tells of it, by lane, record and rule. */
export const expiredEvent = "holon.log.expired";
export const encodeNumber = (value: number): Uint8Array => new TextEncoder().encode(String(value));
/** 0 where nothing was let go of. */
export const decodeNumber = (bytes: Uint8Array | undefined): number => (bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes)));
