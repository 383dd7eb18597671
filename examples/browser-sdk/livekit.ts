// LiveKit: one connection to publish by, and one to subscribe by unless the server wants a single
// one; together they are the call. Each participant's view is a call of its own.
import { callSid, observe, type Observation } from "sidetone-sdk";
import { type Room, RoomEvent } from "livekit-client";
import { ACCOUNT_SID, fetchToken, SIDETONE } from "./backend";

/** Before `room.connect()`. */
export function observeRoom(room: Room): void {
  let observation: Promise<Observation> | undefined;

  async function begin(): Promise<Observation> {
    const name = `${await room.getSid()}/${room.localParticipant.sid}`;
    const sid = await callSid(ACCOUNT_SID, name);
    const token = await fetchToken(sid);
    return observe(connections(room), { callSid: sid, token, url: SIDETONE, renewToken: fetchToken });
  }

  room.on(RoomEvent.Connected, () => {
    observation = begin();
  });
  room.on(RoomEvent.Disconnected, () => {
    void observation?.then((one) => one.stop("local"));
    observation = undefined;
  });
}

/** LiveKit has no public way to its connections; `pc` is where they are in version 2. */
function connections(room: Room): RTCPeerConnection[] {
  const { publisher, subscriber } = room.engine.pcManager ?? {};
  return [publisher, subscriber].flatMap((transport) => (transport ? [transport["pc"]] : []));
}
