// One side of a call: a connection with a microphone, observed by the SDK. Everything that getStats
// ever answered here is kept too, so that a test can count for itself.
import { observe } from "/sdk/sidetone.js";

const reports = [];
const samples = [];
const warnings = [];
const errors = [];

const connection = new RTCPeerConnection();
// The browser measures the loudness of what is played.
connection.addEventListener("track", ({ streams: [media] }) => {
  const loudspeaker = new Audio();
  loudspeaker.srcObject = media;
  void loudspeaker.play();
});
const getStats = connection.getStats.bind(connection);
connection.getStats = async () => {
  const report = await getStats();
  reports.push([...report.values()]);
  return report;
};

// What a page knows goes with it; a test may want to know it of the page before, too.
addEventListener("pagehide", () => sessionStorage.setItem("reports", JSON.stringify(reports)));

async function gathered() {
  while (connection.iceGatheringState !== "complete")
    await new Promise((resolve) => setTimeout(resolve, 20));
  return connection.localDescription.sdp;
}

window.phone = {
  connection,
  reports,
  reportsBefore: () => JSON.parse(sessionStorage.getItem("reports") ?? "[]"),
  samples,
  warnings,
  errors,
  async microphone() {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of media.getTracks()) connection.addTrack(track, media);
  },
  async offer() {
    await connection.setLocalDescription();
    return gathered();
  },
  async answer(sdp) {
    await connection.setRemoteDescription({ type: "offer", sdp });
    await connection.setLocalDescription();
    return gathered();
  },
  accept: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
  observe(options) {
    this.observation = observe(connection, {
      ...options,
      onSample: (sample) => samples.push(sample),
      onWarning: (warning) => warnings.push(warning),
      onError: (error) => errors.push(error.message),
    });
  },
};
