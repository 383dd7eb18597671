// Janus: the connection of a plugin's handle is in `webrtcStuff`, and is there when the handle says
// that media flow. Works for the SIP, AudioBridge and VideoRoom plugins alike.
import { observe, type Observation } from "sidetone-sdk";
import type { JanusJS } from "janus-gateway";
import { fetchToken, SIDETONE } from "./backend";

/** Callbacks for `janus.attach()`, around your own. `callSid`: what your backend calls this call. */
export function observed(callSid: string, options: JanusJS.PluginOptions): JanusJS.PluginOptions {
  let handle: JanusJS.PluginHandle | undefined;
  let observation: Promise<Observation> | undefined;

  async function begin(connection: RTCPeerConnection): Promise<Observation> {
    const token = await fetchToken(callSid);
    return observe(connection, { callSid, token, url: SIDETONE, renewToken: fetchToken });
  }

  return {
    ...options,
    success(attached) {
      handle = attached;
      options.success?.(attached);
    },
    webrtcState(isConnected) {
      if (isConnected && handle) observation ??= begin(handle.webrtcStuff.pc);
      options.webrtcState?.(isConnected);
    },
    oncleanup() {
      void observation?.then((one) => one.stop());
      observation = undefined;
      options.oncleanup?.();
    },
  };
}
