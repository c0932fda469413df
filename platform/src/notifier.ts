/** Hands alerts over: to a webhook, or by e-mail. What of it is secret is read when it is needed, and kept nowhere. */
import type { Notifier, Secrets } from "@holon/core/ports.ts";
import type { MailTarget, WebhookTarget } from "@holon/core/schema/alerting.ts";
import { sendMail } from "./notifier/mail.ts";
import { postWebhook } from "./notifier/webhook.ts";
import { withoutSecret } from "./secrets.ts";

export function createNotifier(secrets: Secrets): Notifier {
  async function secretOf(name: string): Promise<string> {
    const value = (await secrets.read([name]))[name];
    if (value === undefined) throw withoutSecret("alerts want", name, secrets);
    return value;
  }
  const webhook = async ({ url, secretUrl, secret }: WebhookTarget) => ({ url: url ?? (await secretOf(secretUrl ?? "")), secret: await secretOf(secret) });
  const mail = async ({ login, ...to }: MailTarget) => ({ ...to, login: login === undefined ? undefined : { user: login.user, password: await secretOf(login.secret) } });

  return {
    send: async (to, message) => (to.kind === "webhook" ? postWebhook(await webhook(to), message) : sendMail(await mail(to), message)),
  };
}
