/** What a contract suite is run on: an adapter in its own world. */
export interface Subject<Port> {
  readonly port: Port;
  /** Lets time pass in the adapter's world until `work` is done. On a real machine that is `(work) => work`. */
  drive(work: Promise<void>): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes a fresh subject for one test. */
export type CreateSubject<Port> = () => Subject<Port> | Promise<Subject<Port>>;

/** Runs one test's work on a fresh subject and clears up after it, whether it passed or not. */
export async function withSubject<Port>(create: CreateSubject<Port>, work: (port: Port) => Promise<void>): Promise<void> {
  const subject = await create();
  try {
    await subject.drive(work(subject.port));
  } finally {
    await subject.dispose();
  }
}
