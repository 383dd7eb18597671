// What a final SIP response means for the caller (RFC 3261 §21, RFC 8197, RFC 8688).

const MEANINGS: Record<number, string> = {
  400: "the request was malformed",
  401: "credentials were asked for and not given",
  403: "the call was forbidden",
  404: "the number does not exist",
  405: "the method is not allowed",
  407: "credentials were asked for and not given",
  408: "nobody answered the request in time",
  410: "the number is no longer in service",
  415: "no media type was acceptable",
  420: "an extension is not supported",
  480: "the callee could not be reached",
  481: "the call was not known any more",
  482: "the call went in a loop",
  483: "the call took too many hops",
  484: "the number is incomplete",
  485: "the number is ambiguous",
  486: "the callee was busy",
  487: "the call was given up",
  488: "no codec was acceptable to both sides",
  500: "a server had an error",
  501: "a server does not do what was asked",
  502: "a gateway had an error",
  503: "a server or trunk was overloaded or down",
  504: "a server further on did not answer in time",
  600: "the callee was busy everywhere",
  603: "the call was declined",
  604: "the number does not exist anywhere",
  606: "the media was not acceptable",
  607: "the callee does not want this call",
  608: "an intermediary rejected the call as unwanted",
};

export function sipMeaning(code: number): string {
  const known = MEANINGS[code];
  if (known) return known;
  if (code >= 600) return "the callee refused everywhere";
  if (code >= 500) return "a server failed";
  return "the call was refused";
}
