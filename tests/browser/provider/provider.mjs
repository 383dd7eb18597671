// A certified provider of identities for tests: whoever names an account is that account.
// usage: node provider.mjs PORT REDIRECT_URI

import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const GROUPS = { olga: ["voice-admins", "staff"], vera: ["voice-viewers"], emil: ["staff"] };

const provider = new Provider(issuer, {
  clients: [{ client_id: "sidetone", client_secret: "a secret of tests", redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { profile: ["preferred_username"], groups: ["groups"] },
  cookies: { keys: ["a key of tests"] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: `subject of ${id}`, preferred_username: id, groups: GROUPS[id] ?? [] }) }),
  // Nobody is asked for consent: it is the company's own.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid profile groups");
    await grant.save();
    return grant;
  },
});

const PAGE = `<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,"><h1>Acme</h1>
<form method="post"><label>Account <input name="account" autofocus></label> <button>Continue</button> <button name="cancel" value="yes">Cancel</button></form>`;

const others = provider.callback();
const server = createServer(async (request, response) => {
  if (!request.url.startsWith("/interaction/")) return others(request, response);
  if (request.method !== "POST") return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(PAGE);
  let body = "";
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  const result = form.has("cancel") ? { error: "access_denied" } : { login: { accountId: form.get("account") } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${issuer}`));
