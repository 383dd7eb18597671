// SIP.js: the connection is the session description handler's, and is there when the session is
// being established. Its Call-ID makes the same CallSid here as in the SIP server's own reports.
import { callSid, observe, type Observation } from "sidetone-sdk";
import { Invitation, type Inviter, SessionState, Web } from "sip.js";
import { ACCOUNT_SID, fetchToken, SIDETONE } from "./backend";

/** For each session, before `invite()` or `accept()`. */
export function observeSession(session: Inviter | Invitation): void {
  const direction = session instanceof Invitation ? "incoming" : "outgoing";
  let observation: Promise<Observation | undefined> = Promise.resolve(undefined);
  let hungUp: "local" | "remote" = "remote";

  async function begin(): Promise<Observation | undefined> {
    const handler = session.sessionDescriptionHandler;
    if (!(handler instanceof Web.SessionDescriptionHandler) || !handler.peerConnection) return;
    const connection = handler.peerConnection;
    const sid = await callSid(ACCOUNT_SID, session.request.callId);
    const token = await fetchToken(sid);
    return observe(connection, { callSid: sid, token, url: SIDETONE, direction, renewToken: fetchToken });
  }

  // Whoever sends the BYE has hung up.
  const bye = session.bye.bind(session);
  session.bye = (options) => {
    hungUp = "local";
    return bye(options);
  };
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) observation = begin();
    if (state === SessionState.Terminated) void observation.then((one) => one?.stop(hungUp));
  });
}
