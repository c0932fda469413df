/** What can be seen of a machine from a node on it. Undefined: it cannot be seen here. */
export interface MachineFacts {
  /** Command lines of processes that let a debugger in. */
  readonly debugged: readonly string[] | undefined;
  /** Listening sockets that are reached from outside: `0.0.0.0:22`. */
  readonly listening: readonly string[] | undefined;
  readonly userId: number | undefined;
  readonly usersWithoutPassword: readonly string[] | undefined;
  /** Lines that let somebody be root without a password. */
  readonly sudoWithout: readonly string[] | undefined;
  readonly sshRootLogin: string | undefined;
  readonly sshPasswords: string | undefined;
  /** Options of the file system under the data folder, and under `/tmp`. */
  readonly dataMount: readonly string[] | undefined;
  readonly temporaryMount: readonly string[] | undefined;
  /** Mode bits of the data folder. */
  readonly dataMode: number | undefined;
  /** Files of keys and secrets that others may read or write. */
  readonly exposedKeys: readonly string[] | undefined;
  /** Whether node folders are there whose secrets are sealed, and in the clear. */
  readonly sealed: number;
  readonly unsealed: number;
  readonly unattendedUpgrades: boolean | undefined;
  readonly rebootRequired: boolean | undefined;
  /** Since the lists of packages were brought up to date. */
  readonly updateAgeMs: number | undefined;
  /** Which time services run; whether one of them has set the clock. */
  readonly timeServices: readonly string[] | undefined;
  readonly clockSynced: boolean | undefined;
  /** Of this process, bytes; Infinity for unlimited. */
  readonly coreSizeMax: number | undefined;
  readonly corePattern: string | undefined;
  /** Swap that is neither in memory nor behind an encrypting mapper. */
  readonly plainSwap: readonly string[] | undefined;
  /** `kernel.randomize_va_space`, `kernel.yama.ptrace_scope`, `kernel.kptr_restrict`, `kernel.dmesg_restrict`, `fs.suid_dumpable`. */
  readonly kernel: Readonly<Record<"randomize" | "ptrace" | "pointers" | "messages" | "dumps", number | undefined>>;
  readonly lockdown: string | undefined;
  readonly secureBoot: boolean | undefined;
  readonly hasTpm: boolean;
}
