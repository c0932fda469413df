/** What is within may break over what it was told; what is around it stays. */
import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { words } from "../strings.ts";
import { Problem } from "./problem.tsx";

export function Boundary({ children }: { readonly children: ComponentChildren }) {
  const [error, again] = useErrorBoundary((cause: unknown) => reportError(cause));
  if (error === undefined) return <>{children}</>;
  const { message } = error instanceof Error ? error : { message: String(error) };
  return (
    <>
      <Problem problem={{ code: "HOLON_INTERNAL", message: words.broke, next: message }} />
      <p><button type="button" onClick={again}>{words.tryAgain}</button></p>
    </>
  );
}
