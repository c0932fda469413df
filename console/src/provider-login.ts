/** Logging in with an identity provider: the browser goes there and comes back to this page with a code, which is good only together with the handle that this tab kept. */
import { send } from "./api.ts";
import { setToken } from "./session.ts";

const key = "holon-login";

export async function beginProviderLogin(): Promise<void> {
  const { url, handle } = await send<{ readonly url: string; readonly handle: string }>("POST", "/v1/login/provider", { redirect: `${location.origin}/` });
  sessionStorage.setItem(key, handle);
  location.assign(url);
}

/** Whether this page is where a provider sent the browser back to. */
export const isProviderAnswer = (): boolean => new URLSearchParams(location.search).has("state") && sessionStorage.getItem(key) !== null;

/** Takes the answer out of the address before anything is shown or shared. */
export async function finishProviderLogin(): Promise<void> {
  const answer = new URLSearchParams(location.search);
  const handle = sessionStorage.getItem(key) ?? "";
  sessionStorage.removeItem(key);
  history.replaceState(null, "", `${location.pathname}#/`);
  const [state, code, iss] = ["state", "code", "iss"].map((name) => answer.get(name));
  const { token } = await send<{ readonly token: string }>("POST", "/v1/login/provider/answer", { handle, state, code: code ?? "none", ...(iss == null ? {} : { iss }) });
  setToken(token);
}
