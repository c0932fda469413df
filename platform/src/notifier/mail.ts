/** One message over SMTP (RFC 5321). Its `Message-ID` follows from its key, so that who got it twice can tell. */
import { connect } from "node:net";
import { limits } from "@holon/core/limits.ts";
import type { NotifierAnswer, NotifierMessage } from "@holon/core/ports.ts";
import type { MailTarget } from "@holon/core/schema/alerting.ts";

export interface Mail extends Omit<MailTarget, "login"> {
  readonly login: { readonly user: string; readonly password: string } | undefined;
}

export async function sendMail({ host, port, security, login, from, to }: Mail, { key, subject, text }: NotifierMessage, exchangeMs = 3 * limits.alertAnswerMs): Promise<NotifierAnswer> {
  const { createTransport } = await import("nodemailer"); // who sends no mail does not carry it
  // The exchange as a whole has a bound: a server that says a little now and then is as good as silent.
  const socket = connect({ host, port });
  socket.on("error", () => undefined); // whoever waits for it at that moment is told
  const timer = setTimeout(() => socket.destroy(new Error(`it was not done within ${exchangeMs / 1_000} s`)), exchangeMs);
  const transport = createTransport({
    getSocket(_options, opened) {
      socket.once("error", opened);
      socket.once("connect", () => {
        socket.off("error", opened);
        opened(null, { connection: socket });
      });
    },
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "plain",
    ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: limits.alertAnswerMs,
    greetingTimeout: limits.alertAnswerMs,
    socketTimeout: limits.alertAnswerMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { accepted, rejected, rejectedErrors = [] } = await transport.sendMail({ from, to: [...to], subject, text, messageId: `<${key}@holon>`, headers: { "Auto-Submitted": "auto-generated" } });
    if (rejected.length === 0) return { outcome: "taken" };
    const left = rejectedErrors.flatMap((error) => (isForNow(responseCodeOf(error)) && error.recipient !== undefined ? [error.recipient] : []));
    const refused = rejected.filter((address) => !left.includes(address));
    const why = [...(refused.length > 0 ? [`refused it for ${refused.join(", ")}`] : []), ...(left.length > 0 ? [`takes it later for ${left.join(", ")}`] : [])].join(", and ");
    return { outcome: "taken", why: `${host}:${port} took it for ${accepted.length} of ${accepted.length + rejected.length} recipients, and ${why}`, ...(left.length > 0 ? { left } : {}) };
  } catch (error) {
    const code = responseCodeOf(error);
    const why = `${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
    // Mailboxes that are not, messages that are not wanted (RFC 5321, section 4.2.3); a login that fails somebody may mend.
    return code !== undefined && code >= 550 && code < 560 && isOfMessage(error) ? { outcome: "refused", why } : { outcome: "later", why };
  } finally {
    clearTimeout(timer);
    transport.close();
    socket.destroy();
  }
}

/** Said of this sender, recipient or message. What a server says at its greeting, or of who logs in, it says of itself, and to everybody. */
const isOfMessage = (error: unknown): boolean => error instanceof Error && "command" in error && ["MAIL FROM", "RCPT TO", "DATA"].includes(String(error.command));

/** Not now: one that lists who is new, a mailbox that is full (RFC 5321, section 4.2.1). */
const isForNow = (code: number | undefined): boolean => code !== undefined && code >= 400 && code < 500;

function responseCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("responseCode" in error)) return undefined;
  return typeof error.responseCode === "number" ? error.responseCode : undefined;
}
