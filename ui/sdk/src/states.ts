import type { Level } from "./envelope";

export type Tell = (group: string, name: string, level: Level, payload?: object) => void;

/** Tells each state of a connection once when it is reached, and those it has already reached.
 * Returns what ends that. */
export function followStates(
  connection: RTCPeerConnection,
  tell: Tell,
  onIce: (state: RTCIceConnectionState) => void,
): () => void {
  const told = new Map<string, string>();
  let dtls: RTCDtlsTransport | null = null;

  function say(group: string, state: string | undefined, initial: string, level: Level): boolean {
    if (!state || (told.get(group) ?? initial) === state) return false;
    told.set(group, state);
    tell(group, state, level);
    return true;
  }
  function onGathering() {
    say("ice-gathering-state", connection.iceGatheringState, "new", "DEBUG");
  }
  function onSignaling() {
    say("signaling-state", connection.signalingState, "stable", "DEBUG");
    findDtls();
  }
  function onIceState() {
    const state = connection.iceConnectionState;
    const level = state === "failed" ? "ERROR" : "DEBUG";
    if (say("ice-connection-state", state, "new", level)) onIce(state);
    findDtls();
  }
  function onConnection() {
    const state = connection.connectionState;
    // That of DTLS fails for other reasons than the network, and nothing mends it.
    const failed = dtls?.state === "failed" ? "ERROR" : "WARNING";
    say("pc-connection-state", state, "new", state === "failed" ? failed : "DEBUG");
    findDtls();
  }
  function onDtls() {
    const state = dtls?.state;
    say("dtls-transport-state", state, "new", state === "failed" ? "ERROR" : "DEBUG");
  }
  // A connection has its transport from the first description on.
  function findDtls() {
    if (dtls) return;
    dtls = connection.getSenders().find((sender) => sender.transport)?.transport ?? null;
    dtls?.addEventListener("statechange", onDtls);
    onDtls();
  }

  const listeners: [string, () => void][] = [
    ["icegatheringstatechange", onGathering],
    ["signalingstatechange", onSignaling],
    ["iceconnectionstatechange", onIceState],
    ["connectionstatechange", onConnection],
  ];
  for (const [name, listener] of listeners) {
    connection.addEventListener(name, listener);
    listener();
  }
  return () => {
    for (const [name, listener] of listeners) connection.removeEventListener(name, listener);
    dtls?.removeEventListener("statechange", onDtls);
  };
}

/** Whether somebody muted what is sent: there is a microphone, and all are off. */
export function isMuted(connections: readonly RTCPeerConnection[]): boolean {
  const tracks = connections
    .flatMap((connection) => connection.getSenders())
    .flatMap((sender) => (sender.track?.kind === "audio" ? [sender.track] : []));
  return tracks.length > 0 && tracks.every((track) => !track.enabled || track.muted);
}
