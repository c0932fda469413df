/** What was done all the same, and hardly is what was meant: beside the data, which goes to stdout. */
export const warn = (warnings: readonly string[]): void => warnings.forEach((warning) => process.stderr.write(`warning: ${warning}\n`));
