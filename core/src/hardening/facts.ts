/** What can be seen of a machine from a node on it. Undefined: it cannot be seen here. */
export interface MachineFacts {
  /** Command lines of processes that let a debugger in. */
  readonly debugged: readonly string[] | undefined;
  /** What is loaded into nodes that run beside their program: `gateway-1: LD_PRELOAD x.so`. */
  readonly preloaded: readonly string[] | undefined;
  /** Sockets that are reached from outside, listening or taking datagrams from anybody: `any address:22`. */
  readonly listening: readonly string[] | undefined;
  /** As which users nodes run. */
  readonly userIds: readonly number[] | undefined;
  readonly usersWithoutPassword: readonly string[] | undefined;
  /** Lines that let somebody be root without a password. */
  readonly sudoWithout: readonly string[] | undefined;
  /** Each value that holds for somebody: first for all, then `yes where Match User ada`. */
  readonly sshRootLogin: readonly string[] | undefined;
  readonly sshPasswords: readonly string[] | undefined;
  /** Options of the file system under the data folder, and under `/tmp`. */
  readonly dataMount: readonly string[] | undefined;
  readonly temporaryMount: readonly string[] | undefined;
  /** Folders and files of nodes that others may write to, with their modes: `gateway-1/log 0777`. */
  readonly writable: readonly string[] | undefined;
  /** Files of keys and secrets that others may read or write. */
  readonly exposedKeys: readonly string[] | undefined;
  /** Whether node folders are there whose secrets are sealed, and in the clear. */
  readonly sealed: number;
  readonly unsealed: number;
  readonly unattendedUpgrades: boolean | undefined;
  readonly rebootRequired: boolean | undefined;
  /** Since the lists of packages were brought up to date. */
  readonly updateAgeMs: number | undefined;
  /** Which time services run; whether one of them has set the clock, where it says so. */
  readonly timeServices: readonly string[] | undefined;
  readonly clockSynced: boolean | undefined;
  /** Of the nodes that run, the most, bytes; Infinity for unlimited, or where a program is handed the dumps. */
  readonly coreSizeMax: number | undefined;
  readonly corePattern: string | undefined;
  /** Swap that is neither in memory nor behind an encrypting mapper. */
  readonly plainSwap: readonly string[] | undefined;
  /** `kernel.randomize_va_space`, `kernel.yama.ptrace_scope`, `kernel.kptr_restrict`, `kernel.dmesg_restrict`, `fs.suid_dumpable`. */
  readonly kernel: Readonly<Record<"randomize" | "ptrace" | "pointers" | "messages" | "dumps", number | undefined>>;
  readonly lockdown: string | undefined;
  readonly secureBoot: boolean | undefined;
  readonly hasTpm: boolean | undefined;
}
