/** The least that another thread costs who asks it: it is woken, answers with nothing, and who asked is woken. Nothing is copied, and no event loop turns. */
import { parentPort, workerData } from "node:worker_threads";

const bell = workerData as Int32Array<SharedArrayBuffer>;

parentPort?.once("message", () => {
  for (let seen = 0; ; ) {
    Atomics.wait(bell, 0, seen);
    seen = Atomics.load(bell, 0);
    if (seen < 0) process.exit();
    Atomics.store(bell, 1, seen);
    Atomics.notify(bell, 1);
  }
});
