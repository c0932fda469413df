/** One message over SMTP (RFC 5321). Its `Message-ID` follows from its key, so that who got it twice can tell. */
import { limits } from "@holon/core/limits.ts";
import type { NotifierAnswer, NotifierMessage } from "@holon/core/ports.ts";
import type { MailTarget } from "@holon/core/schema/alerting.ts";

export interface Mail extends Omit<MailTarget, "login"> {
  readonly login: { readonly user: string; readonly password: string } | undefined;
}

export async function sendMail({ host, port, security, login, from, to }: Mail, { key, subject, text }: NotifierMessage): Promise<NotifierAnswer> {
  const { createTransport } = await import("nodemailer"); // who sends no mail does not carry it
  const transport = createTransport({
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
    await transport.sendMail({ from, to: [...to], subject, text, messageId: `<${key}@holon>`, headers: { "Auto-Submitted": "auto-generated" } });
    return { outcome: "taken" };
  } catch (error) {
    const code = responseCodeOf(error);
    const why = `${host}:${port}: ${error instanceof Error ? error.message : String(error)}`;
    // Mailboxes that are not, messages that are not wanted (RFC 5321, section 4.2.3); a login that fails somebody may mend.
    return code !== undefined && code >= 550 && code < 560 ? { outcome: "refused", why } : { outcome: "later", why };
  } finally {
    transport.close();
  }
}

function responseCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("responseCode" in error)) return undefined;
  return typeof error.responseCode === "number" ? error.responseCode : undefined;
}
