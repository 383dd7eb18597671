import type * as api from "../sidetone.d.ts";
import { Call } from "./call";
import { Ledgers } from "./ledger";
import { Storage } from "./storage";

export { grade, mos } from "./mos";
export { version } from "./version";

/** Where this script came from. A bundler knows another place; there the page names the server. */
const SCRIPT = import.meta.url;

const ledgers = new Ledgers(new Storage());

export const observe: typeof api.observe = (connection, given) => {
  const options = guarded(given);
  try {
    const connections = Array.isArray(connection)
      ? (connection as readonly RTCPeerConnection[])
      : [connection as RTCPeerConnection];
    check(connections, options);
    const { callSid, url, token, renewToken, onError } = options;
    const route = { url, token, renewToken, onError };
    const ledger = ledgers.open(callSid, route);
    ledger.isObserved = true;
    const call = new Call(connections, options, ledger, () => ledgers.close(callSid));
    ledgers.sendOthers(callSid, route);
    return call;
  } catch (error) {
    options.onError(error instanceof Error ? error : new Error(String(error)));
    return {
      callSid: options.callSid,
      unsent: 0,
      dropped: 0,
      rate: () => {},
      stop: () => Promise.resolve(),
    };
  }
};

export const callSid: typeof api.callSid = async (accountSid, callId) => {
  const text = new TextEncoder().encode(`${accountSid}\n${callId}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const hex = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
  return `CA${hex.join("")}`;
};

function check(connections: readonly RTCPeerConnection[], { callSid, token }: api.Options): void {
  const isConnection = (one?: RTCPeerConnection) => typeof one?.getStats === "function";
  if (connections.length === 0 || !connections.every(isConnection))
    throw new TypeError("sidetone: connection is no RTCPeerConnection");
  if (!/^CA[0-9a-f]{32}$/.test(callSid))
    throw new TypeError(`sidetone: callSid ${callSid} is not CA and 32 hexadecimal digits`);
  if (typeof token !== "string" || token === "")
    throw new TypeError("sidetone: token is missing");
  if (ledgers.isObserved(callSid)) throw new Error(`sidetone: ${callSid} is observed already`);
}

/** The options, with an origin to send to, and with callbacks that throw nothing to their caller. */
function guarded(
  said: api.Options | undefined,
): api.Options & { url: string; onError: (error: Error) => void } {
  const given = said ?? ({} as api.Options);
  const { onSample, onWarning } = given;
  const onError = given.onError ?? ((error: Error) => console.warn(error.message));
  const quiet =
    <T>(callback: ((told: T) => void) | undefined) =>
    (told: T) => {
      try {
        callback?.(told);
      } catch (error) {
        console.error(error);
      }
    };
  return {
    ...given,
    url: (given.url ?? new URL(SCRIPT).origin).replace(/\/+$/, ""),
    onSample: quiet(onSample),
    onWarning: quiet(onWarning),
    onError: quiet(onError),
  };
}
