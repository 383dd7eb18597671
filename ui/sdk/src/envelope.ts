import type { Options, Sample } from "../sidetone.d.ts";
import { version } from "./version";

export type Level = "DEBUG" | "INFO" | "WARNING" | "ERROR";

export const PATHS = ["/v4/EndpointEvents", "/v4/EndpointMetrics"] as const;

/** What goes to the server: the form of the Voice SDK for browsers. */
export interface Message {
  path: (typeof PATHS)[number];
  body: object;
}

/** Writes the messages of one call. */
export class Envelope {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  event(group: string, name: string, level: Level, at: number, payload: object = {}): Message {
    const about = { ...this.#call(), platform: "WebRTC" };
    return {
      path: "/v4/EndpointEvents",
      body: { ...this.#frame(group, name, level, at), payload: { ...about, ...payload } },
    };
  }

  metrics(samples: Sample[], at: number): Message {
    const payload = samples.map((sample) => ({ ...sample, ...this.#call() }));
    return {
      path: "/v4/EndpointMetrics",
      body: { ...this.#frame("quality-metrics-samples", "metrics-sample", "INFO", at), payload },
    };
  }

  #call(): object {
    const { callSid, direction } = this.#options;
    return {
      call_sid: callSid,
      direction: direction === "incoming" ? "INCOMING" : "OUTGOING",
      sdk_version: version,
    };
  }

  #frame(group: string, name: string, level: Level, at: number): object {
    const { app } = this.#options;
    return {
      group,
      name,
      level,
      timestamp: new Date(at).toISOString(),
      payload_type: "application/json",
      private: false,
      publisher: "sidetone-js-sdk",
      publisher_metadata: { app_name: app?.name ?? null, app_version: app?.version ?? null },
    };
  }
}
