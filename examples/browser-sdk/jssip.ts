// JsSIP: the connection comes with the event `peerconnection`; for an outgoing call the Call-ID is
// known when the INVITE is being sent.
import { callSid, observe, type Observation } from "sidetone-sdk";
import type { UA } from "jssip";
import type { RTCSessionEvent } from "jssip/lib/UA";
import { ACCOUNT_SID, fetchToken, SIDETONE } from "./backend";

export function observeCalls(ua: UA): void {
  ua.on("newRTCSession", ({ session, originator, request }: RTCSessionEvent) => {
    const direction = originator === "remote" ? "incoming" : "outgoing";
    let observation: Promise<Observation> | undefined;

    async function begin(connection: RTCPeerConnection): Promise<Observation> {
      const sid = await callSid(ACCOUNT_SID, request.getHeader("Call-ID"));
      const token = await fetchToken(sid);
      return observe(connection, { callSid: sid, token, url: SIDETONE, direction, renewToken: fetchToken });
    }

    // An outgoing session has its connection already when it is announced, an incoming one gets it
    // when it is answered.
    const connection = session.connection as RTCPeerConnection | undefined;
    if (connection) observation = begin(connection);
    session.on("peerconnection", ({ peerconnection }) => {
      observation ??= begin(peerconnection as RTCPeerConnection);
    });
    session.on("ended", ({ originator }) => {
      void observation?.then((one) => one.stop(originator === "remote" ? "remote" : "local"));
    });
    session.on("failed", () => void observation?.then((one) => one.stop()));
  });
}
