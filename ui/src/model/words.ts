// The API's words as people say them.

const WORDS: Record<string, string> = {
  // Tags.
  silence: "Silence",
  high_jitter: "High jitter",
  high_packet_loss: "High packet loss",
  high_pdd: "Slow to ring",
  high_latency: "High latency",
  low_mos: "Low MOS",
  ice_failure: "ICE failure",
  pstn_short_duration: "Very short",
  // States and directions.
  noanswer: "No answer",
  fail: "Failed",
  outbound_api: "Outbound, API",
  outbound_dial: "Outbound, dialled",
  trunking_originating: "Trunk, originating",
  trunking_terminating: "Trunk, terminating",
  whatsapp: "WhatsApp",
  sip: "SIP",
  // Of the address of a recording.
  SipCallId: "SIP Call-ID",
  // Edges.
  carrier_edge: "Carrier edge",
  sip_edge: "SIP edge",
  client_edge: "Client edge",
  sdk_edge: "SDK edge",
  // Annotation.
  owa: "One-way audio",
  dtmf: "Key tones (DTMF)",
  choppy_robotic: "Choppy or robotic",
  static_noise: "Static noise",
  low_volume: "Low volume",
  no_quality_issue: "No quality issue",
  no_connectivity_issue: "No connectivity issue",
  caller_id: "Wrong caller ID",
  number_reachability: "Number not reachable",
  machine_start: "Machine (start)",
  machine_end_beep: "Machine (beep)",
  machine_end_silence: "Machine (silence)",
  machine_end_other: "Machine (other)",
  // Codecs.
  pcmu: "PCMU",
  pcma: "PCMA",
  g722: "G722",
  g729: "G729",
  opus: "Opus",
};

/** A word of a closed set; what is not known here is shown as it is, with spaces. */
export function word(value: string): string {
  const known = WORDS[value];
  if (known) return known;
  if (!/^[a-z][a-z_]*$/.test(value)) return value;
  const spaced = value.replaceAll("_", " ");
  return spaced[0]!.toUpperCase() + spaced.slice(1);
}

export const SCORES = ["Bad", "Poor", "Fair", "Good", "Excellent"] as const;

export function score(value: number): string {
  return SCORES[value - 1] ?? String(value);
}

/** Why no figures about media are there. */
export const NOT_MEASURED: Record<string, string> = {
  no_media_report: "no report about its media came",
  unplaced_reports: "reports came that nobody in the signalling is known to have sent",
  not_answered: "it was not answered, so no media flowed",
  encrypted_reports: "the reports about its media are encrypted",
  implausible_reports: "the reports about its media could not be true",
};

export const MOS_METHODS: Record<string, string> = {
  g107: "E-model, ITU-T G.107",
  sdk: "computed in the SDK",
  rfc6035: "the phone's own report, RFC 6035",
  rtcp_xr: "the phone's own report, RTCP XR",
  reported: "reported by the source",
};
