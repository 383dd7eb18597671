// The phone of this example: an echo test within the page, over a real WebRTC connection. In a
// contact centre this is SIP.js, JsSIP or the platform's own client (see ../browser-sdk): all that
// the desktop needs of it is the RTCPeerConnection and when the call ends.
export class EchoPhone {
  #near = null;
  #far = null;
  #microphone = null;

  /** Resolves to the connection when the other side has answered. */
  async call(loudspeaker) {
    this.#microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    const near = (this.#near = new RTCPeerConnection());
    const far = (this.#far = new RTCPeerConnection());
    near.addEventListener("icecandidate", ({ candidate }) => far.addIceCandidate(candidate));
    far.addEventListener("icecandidate", ({ candidate }) => near.addIceCandidate(candidate));
    far.addEventListener("track", ({ track, transceiver }) => {
      transceiver.direction = "sendrecv";
      void transceiver.sender.replaceTrack(track);
    });
    near.addEventListener("track", ({ track }) => {
      loudspeaker.srcObject = new MediaStream([track]);
    });
    for (const track of this.#microphone.getAudioTracks()) near.addTrack(track, this.#microphone);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
    return near;
  }

  mute(isMuted) {
    for (const track of this.#microphone?.getAudioTracks() ?? []) track.enabled = !isMuted;
  }

  hangUp() {
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#near?.close();
    this.#far?.close();
    this.#near = this.#far = this.#microphone = null;
  }
}
