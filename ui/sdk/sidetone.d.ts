/** Who hung up, as the page knows it. */
export type Side = "local" | "remote";

/** What a user can name after a bad call: the words of the Voice SDK for browsers. */
export type Issue =
  | "audio-latency"
  | "choppy-audio"
  | "dropped-call"
  | "echo"
  | "noisy-call"
  | "one-way-audio";

export type WarningName =
  | "high-rtt"
  | "high-jitter"
  | "low-mos"
  | "high-packet-loss"
  | "high-packets-lost-fraction"
  | "low-bytes-received"
  | "low-bytes-sent"
  | "ice-connectivity-lost"
  | "constant-audio-input-level"
  | "constant-audio-output-level";

/** One second of a call, of its audio. `null`: not measured, or not known yet. */
export interface Sample {
  /** ISO 8601, UTC, with milliseconds. */
  timestamp: string;
  /** `opus`, `PCMU`, … */
  audio_codec: string | null;
  /** Microphone level, 0 to 32767. */
  audio_level_in: number | null;
  /** Loudspeaker level, 0 to 32767; of several streams the loudest. */
  audio_level_out: number | null;
  /** Octets in this interval, without headers. */
  bytes_received: number;
  bytes_sent: number;
  /** Packets in this interval. Loss is negative when late packets outnumber lost ones. */
  packets_received: number;
  packets_sent: number;
  packets_lost: number;
  /** Percent of the packets expected in this interval, 0 to 100, to two decimals; `null` when none
   * were. */
  packets_lost_fraction: number | null;
  /** Interarrival jitter (RFC 3550 §6.4.1), ms; of several streams the largest. */
  jitter: number | null;
  /** Round trip, ms: the far end's RTCP, else ICE's checks. */
  rtt: number | null;
  /** 1 to 4.5, to two decimals; `null` unless round trip and jitter are known. */
  mos: number | null;
  /** Since the call began, over changes of streams and reloads of the page. */
  total_bytes_received: number;
  total_bytes_sent: number;
  total_packets_received: number;
  total_packets_sent: number;
  total_packets_lost: number;
}

export interface Warning {
  name: WarningName;
  /** `false`: it is over. */
  raised: boolean;
  /** The limit, and the values of the samples that crossed it. */
  threshold?: number;
  values?: (number | null)[];
}

export interface Options {
  /** `CA…`. With SIP.js and JsSIP: what {@link callSid} makes of the Call-ID. */
  callSid: string;
  /** An access token with the grant `observe` for this call. */
  token: string;
  /** Origin of the Sidetone server. Left out: where this script was loaded from. */
  url?: string;
  /** Whether the page called or was called. Left out: called others (`outgoing`). */
  direction?: "incoming" | "outgoing";
  /** Name and version of the application, for searching. */
  app?: { name?: string; version?: string };
  /** A new token when the server refuses the one that there is, or what an earlier page left unsent
   * has none. */
  renewToken?: (callSid: string) => string | Promise<string>;
  onSample?: (sample: Sample) => void;
  onWarning?: (warning: Warning) => void;
  /** What went wrong here or at the server. Nothing is ever thrown into the page. */
  onError?: (error: Error) => void;
}

export interface Observation {
  readonly callSid: string;
  /** What waits to be sent, and what was dropped because too much waited or the server refused it. */
  readonly unsent: number;
  readonly dropped: number;
  /** Tells what the user thinks of the call: 1 to 5 and an issue; `null`: was asked, did not say. */
  rate(score: 1 | 2 | 3 | 4 | 5 | null, issue?: Issue): void;
  /** Ends the observation with a last sample; call it before `RTCPeerConnection.close()`, and say who
   * hung up if that is known. Resolves when everything is sent, at the latest after 10 s; what is
   * left is sent later. */
  stop(by?: Side): Promise<void>;
}

/** Observes the audio of a call until it is stopped or the connection is closed. A call of several
 * connections (one to send by, one to receive by) is observed as one. */
export function observe(
  connection: RTCPeerConnection | readonly RTCPeerConnection[],
  options: Options,
): Observation;

/** The CallSid of a SIP call: what the server makes of the same Call-ID. Needs a secure context. */
export function callSid(accountSid: string, callId: string): Promise<string>;

/** Mean opinion score as the Voice SDK for browsers has it. `null` when an input is missing or
 * negative. */
export function mos(
  rttMs: number | null,
  jitterMs: number | null,
  lossPercent: number | null,
): number | null;

/** A word for a score, for showing to people. */
export function grade(
  mos: number | null,
): "excellent" | "great" | "good" | "fair" | "bad" | null;

export const version: string;
