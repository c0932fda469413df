/** Has the API do something; what it refuses is there to be shown. */
import { useState } from "preact/hooks";
import { send, type ApiProblem } from "./api.ts";
import { asProblem } from "./use-polled.ts";

export interface Sender {
  readonly problem: ApiProblem | undefined;
  send(...what: Parameters<typeof send>): void;
}

export function useSend(after: () => void = () => undefined): Sender {
  const [problem, setProblem] = useState<ApiProblem>();
  return {
    problem,
    send(...what) {
      setProblem(undefined);
      void send(...what).then(after, (error: unknown) => setProblem(asProblem(error)));
    },
  };
}
