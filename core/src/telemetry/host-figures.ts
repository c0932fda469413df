/** All figures that a machine may tell of itself, in the order in which a sample holds them. Those that its system does not tell are left out, never made up. */
export const hostFigures = [
  "cpuUserPercent",
  "cpuSystemPercent",
  "cpuWaitPercent",
  "memoryUsedPercent",
  "diskReadKiBPerSecond",
  "diskWriteKiBPerSecond",
  "networkReceivedKiBPerSecond",
  "networkSentKiBPerSecond",
  "loadAverage",
  "runningProcesses",
] as const;
export type HostFigure = (typeof hostFigures)[number];
