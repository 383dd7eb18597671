/** Your backend's answer: it asks Sidetone (`POST /v1/Voice/{CallSid}/Token`, `Grant=observe`), if this
 * user may observe this call. */
export async function fetchToken(callSid: string): Promise<string> {
  const answer = await fetch(`/calls/${callSid}/token`, { method: "POST" });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}

/** Of your account in Sidetone. It is no secret. */
export const ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef";
export const SIDETONE = "https://sidetone.example.com";
