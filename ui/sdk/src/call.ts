import type { Issue, Observation, Options, Sample, Side, Warning } from "../sidetone.d.ts";
import { count } from "./counting";
import { Envelope, type Level } from "./envelope";
import type { Ledger } from "./ledger";
import { type Codec, type Snapshot, snapshot, together } from "./snapshot";
import { followStates, isMuted } from "./states";
import { Warnings } from "./warnings";

const INTERVAL_MS = 1000;
const BATCH = 10;
const STOP_MS = 10_000;
/** `getStats` of a connection that is being closed may never answer. */
const STATS_MS = 1000;

/** One call that is observed: takes samples, judges them, and hands all of it to the outbox. */
export class Call implements Observation {
  readonly callSid: string;
  readonly #connections: readonly RTCPeerConnection[];
  readonly #options: Options;
  readonly #ledger: Ledger;
  readonly #envelope: Envelope;
  readonly #warnings: Warnings;
  readonly #unfollow: (() => void)[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onEnd: () => void;
  #batch: Sample[] = [];
  #taking: Promise<void> | undefined;
  #isFirst = true;
  #isAnswered = false;
  #isMuted = false;
  #codec = "";
  #pair = "";
  #stopped: Promise<void> | undefined;

  /** `onEnd`: it is over, and all of it is sent. */
  constructor(
    connections: readonly RTCPeerConnection[],
    options: Options,
    ledger: Ledger,
    onEnd: () => void,
  ) {
    this.callSid = options.callSid;
    this.#connections = connections;
    this.#options = options;
    this.#ledger = ledger;
    this.#onEnd = onEnd;
    this.#envelope = new Envelope(options);
    this.#warnings = new Warnings(Date.now());

    this.#event("connection", options.direction ?? "outgoing", "INFO");
    this.#event("settings", "init", "INFO");
    this.#unfollow = connections.map((connection) =>
      followStates(
        connection,
        (group, name, level) => this.#event(group, name, level),
        (state) => this.#ice(state),
      ),
    );
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#online);
    document.addEventListener("visibilitychange", this.#hide);
    this.#timer = setInterval(this.#tick, INTERVAL_MS);
    this.#taking = this.#take();
  }

  get unsent(): number {
    return this.#ledger.outbox.unsent;
  }

  get dropped(): number {
    return this.#ledger.outbox.dropped;
  }

  rate(score: 1 | 2 | 3 | 4 | 5 | null, issue?: Issue): void {
    if (score === null) this.#event("feedback", "received-none", "INFO");
    else
      this.#event("feedback", "received", "INFO", {
        quality_score: score,
        ...(issue ? { issue_name: issue } : {}),
      });
  }

  stop(by?: Side): Promise<void> {
    this.#stopped ??= this.#stop(by);
    return this.#stopped;
  }

  async #stop(by: Side | undefined): Promise<void> {
    clearInterval(this.#timer);
    for (const unfollow of this.#unfollow) unfollow();
    document.removeEventListener("visibilitychange", this.#hide);
    await this.#taking;
    // One that is closed tells nothing any more.
    if (!this.#isClosed()) await this.#take();
    this.#flush();
    this.#event("connection", by ? `disconnected-by-${by}` : "disconnected", "INFO");
    this.#ledger.isObserved = false;
    const drained = this.#ledger.outbox.drained().then(() => {
      this.#onEnd();
      removeEventListener("pagehide", this.#leave);
      removeEventListener("online", this.#online);
    });
    await Promise.race([drained, pause(STOP_MS)]);
  }

  readonly #tick = (): void => {
    if (this.#isClosed()) void this.stop();
    else this.#taking ??= this.#take();
  };

  #isClosed(): boolean {
    return this.#connections.every((one) => one.signalingState === "closed");
  }

  readonly #hide = (): void => {
    // A hidden page may be ended without another word.
    if (document.visibilityState === "hidden") this.#flush();
  };

  readonly #leave = (): void => {
    this.#flush();
    this.#ledger.outbox.leave();
  };

  readonly #online = (): void => this.#ledger.outbox.hurry();

  /** Takes a sample. The first only tells from where on it is counted. */
  async #take(): Promise<void> {
    try {
      const reports = Promise.all(this.#connections.map((one) => one.getStats()));
      const taken = await Promise.race([reports, pause(STATS_MS)]);
      if (!taken) return;
      const now = together(taken.map((report) => snapshot(report.entries())));
      const sample = count(this.#ledger.counts, now, Date.now());
      if (this.#isFirst) this.#isFirst = false;
      else this.#judge(sample, now);
    } catch (error) {
      this.#options.onError?.(new Error(`sidetone: no statistics: ${String(error)}`));
    } finally {
      this.#taking = undefined;
    }
  }

  #judge(sample: Sample, now: Snapshot): void {
    this.#notice(now);
    this.#batch.push(sample);
    this.#options.onSample?.(sample);
    const warnings = this.#warnings.add(sample, Date.now(), this.#isMuted);
    for (const warning of warnings) this.#warn(warning);
    if (this.#batch.length >= BATCH) this.#flush();
  }

  /** Tells what has changed beside the figures. */
  #notice(now: Snapshot): void {
    const muted = isMuted(this.#connections);
    if (muted !== this.#isMuted) {
      this.#isMuted = muted;
      this.#event("connection", muted ? "muted" : "unmuted", "INFO");
    }
    const codec = nameOf(now.codec);
    if (codec !== this.#codec) {
      this.#codec = codec;
      const payload = { selected_codec: codec, codec_params: now.codec?.parameters };
      this.#event("settings", "codec", "INFO", payload);
    }
    if (now.pair && now.pair.id !== this.#pair) {
      this.#pair = now.pair.id;
      const payload = { local_candidate: now.pair.local, remote_candidate: now.pair.remote };
      this.#event("ice-candidate", "selected-ice-candidate-pair", "DEBUG", payload);
    }
  }

  #ice(state: RTCIceConnectionState): void {
    if (!this.#isAnswered && (state === "connected" || state === "completed")) {
      this.#isAnswered = true;
      const by = this.#options.direction === "incoming" ? "local" : "remote";
      this.#event("connection", `accepted-by-${by}`, "INFO");
    }
    for (const warning of this.#warnings.ice(state, Date.now())) this.#warn(warning);
  }

  #warn(warning: Warning): void {
    const { name, raised, threshold, values } = warning;
    const about = name.startsWith("constant-audio") ? "audio-level" : "network-quality";
    // The loudspeaker's level says more about the other side than about this one.
    const isMild = !raised || name === "constant-audio-output-level";
    const data = threshold === undefined ? {} : { data: { threshold, values } };
    const group = `${about}-warning-${raised ? "raised" : "cleared"}`;
    this.#event(group, name, isMild ? "INFO" : "WARNING", data);
    this.#options.onWarning?.(warning);
  }

  #event(group: string, name: string, level: Level, payload?: object): void {
    this.#ledger.outbox.push(this.#envelope.event(group, name, level, Date.now(), payload));
  }

  #flush(): void {
    if (this.#batch.length > 0) {
      this.#ledger.outbox.push(this.#envelope.metrics(this.#batch.splice(0), Date.now()));
    }
  }
}

function nameOf(codec: Codec | null): string {
  if (!codec) return "";
  return codec.clockRate === null ? codec.name : `${codec.name}/${codec.clockRate}`;
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
