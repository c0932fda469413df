/** The life of an uplink, total by type: each state says where each event leads; an event that changes nothing stays. */
export type UplinkState = "waiting" | "connecting" | "offered" | "open" | "cut" | "closed";
export type UplinkEvent = "try" | "connected" | "subscribed" | "lost" | "cut" | "heal" | "close";

const table = {
  waiting: { try: "connecting", connected: "waiting", subscribed: "waiting", lost: "waiting", cut: "cut", heal: "waiting", close: "closed" },
  connecting: { try: "connecting", connected: "offered", subscribed: "connecting", lost: "waiting", cut: "cut", heal: "connecting", close: "closed" },
  offered: { try: "offered", connected: "offered", subscribed: "open", lost: "waiting", cut: "cut", heal: "offered", close: "closed" },
  open: { try: "open", connected: "open", subscribed: "open", lost: "waiting", cut: "cut", heal: "open", close: "closed" },
  cut: { try: "cut", connected: "cut", subscribed: "cut", lost: "cut", cut: "cut", heal: "waiting", close: "closed" },
  closed: { try: "closed", connected: "closed", subscribed: "closed", lost: "closed", cut: "closed", heal: "closed", close: "closed" },
} as const satisfies Record<UplinkState, Record<UplinkEvent, UplinkState>>;

export const nextUplinkState = (state: UplinkState, event: UplinkEvent): UplinkState => table[state][event];
