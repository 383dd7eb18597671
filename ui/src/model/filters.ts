// What calls are narrowed by. The address of a screen has the API's own parameters, so a link, a request and a
// list are the same thing; names in lower case are the interface's own and never sent.

export type Kind = "set" | "text" | "number" | "bool";

export interface FilterSpec {
  name: string;
  label: string;
  kind: Kind;
  /** What `GroupBy` calls it, where its values can be counted. */
  dimension?: string;
  unit?: string;
  /** Shown beside the search box from the start. */
  common?: boolean;
  hint?: string;
}

export const FILTERS: FilterSpec[] = [
  { name: "CallState", label: "State", kind: "set", dimension: "CallState", common: true },
  { name: "Direction", label: "Direction", kind: "set", dimension: "Direction", common: true },
  { name: "Tag", label: "Tag", kind: "set", dimension: "Tag", common: true },
  { name: "ToCarrier", label: "Carrier, called", kind: "set", dimension: "ToCarrier", common: true },
  { name: "CallScoreAnnotation", label: "Score", kind: "set", dimension: "CallScore", common: true },
  { name: "QualityIssueAnnotation", label: "Quality issue", kind: "set", dimension: "QualityIssue" },
  { name: "ConnectivityIssueAnnotation", label: "Connectivity issue", kind: "set", dimension: "ConnectivityIssue" },
  { name: "CallType", label: "Type", kind: "set", dimension: "CallType" },
  { name: "FromCarrier", label: "Carrier, calling", kind: "set", dimension: "FromCarrier" },
  { name: "FromCountryCode", label: "Country, calling", kind: "set", dimension: "FromCountryCode" },
  { name: "ToCountryCode", label: "Country, called", kind: "set", dimension: "ToCountryCode" },
  { name: "Edge", label: "Edge", kind: "set", dimension: "Edge" },
  { name: "Codec", label: "Codec", kind: "set", dimension: "Codec" },
  { name: "UserAgent", label: "User agent", kind: "set", dimension: "UserAgent" },
  { name: "SipResponse", label: "SIP response", kind: "set", dimension: "SipResponse", hint: "486, or 4xx for a class" },
  { name: "AnsweredBy", label: "Answered by (detected)", kind: "set", dimension: "AnsweredBy" },
  { name: "AnsweredByAnnotation", label: "Answered by (people)", kind: "set", dimension: "AnsweredByAnnotation" },
  { name: "Incident", label: "Incident", kind: "set", dimension: "Incident" },
  { name: "From", label: "Caller", kind: "text", hint: "+4930123456, client:alice" },
  { name: "To", label: "Callee", kind: "text", hint: "+4930123456, client:alice" },
  { name: "Number", label: "Either party", kind: "text", hint: "+4930123456" },
  { name: "Agent", label: "Agent", kind: "text", hint: "client:alice, 1001" },
  { name: "Comment", label: "Comment contains", kind: "text" },
  { name: "SipCallId", label: "SIP Call-ID", kind: "text" },
  { name: "StartedBefore", label: "Started before", kind: "text", hint: "2026-06-01T12:00:00Z" },
  { name: "ParentCallSid", label: "Leg of call", kind: "text", hint: "CA…" },
  { name: "Subaccount", label: "Account", kind: "text", hint: "AC…" },
  { name: "CallSids", label: "CallSids", kind: "text", hint: "CA…" },
  { name: "MinDuration", label: "Duration at least", kind: "number", unit: "s" },
  { name: "MaxDuration", label: "Duration at most", kind: "number", unit: "s" },
  { name: "MinPdd", label: "Post-dial delay at least", kind: "number", unit: "ms" },
  { name: "MinPacketLoss", label: "Packet loss at least", kind: "number", unit: "%" },
  { name: "MinJitter", label: "Jitter at least", kind: "number", unit: "ms" },
  { name: "MaxMos", label: "MOS at most", kind: "number" },
  { name: "HasTag", label: "Tagged", kind: "bool" },
  { name: "Measured", label: "Measured", kind: "bool" },
  { name: "Annotated", label: "Annotated", kind: "bool" },
  { name: "SpamAnnotation", label: "Spam", kind: "bool" },
  { name: "VerifiedCaller", label: "Verified caller", kind: "bool" },
];

const BY_NAME = new Map(FILTERS.map((it) => [it.name, it]));
/** Which filter finds the calls of a group. Groups of what is not known have none. */
const BY_DIMENSION = new Map([
  ...FILTERS.filter((it) => it.dimension).map((it) => [it.dimension!, it.name] as const),
  ["Carrier", "ToCarrier"] as const,
  ["Country", "ToCountryCode"] as const,
  ["Spam", "SpamAnnotation"] as const,
  ["From", "From"] as const,
  ["To", "To"] as const,
  ["HasTag", "HasTag"] as const,
  ["Comment", "Comment"] as const,
]);

export const DEFAULT_RANGE = "7d";
/** Parameters of the time and of the search, which are no chips. */
const NO_CHIPS = new Set(["StartTime", "EndTime", "ProcessingState", "Q", "SortBy"]);

export function filterSpec(name: string): FilterSpec {
  return BY_NAME.get(name) ?? { name, label: name, kind: "text" };
}

export function filterOfDimension(dimension: string): string | null {
  return BY_DIMENSION.get(dimension) ?? null;
}

const isApi = (name: string) => /^[A-Z]/.test(name);

/** What is asked of the API for a screen's address. */
export function apiQuery(address: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of address) if (isApi(name) && value !== "") query.append(name, value);
  // Whoever has something in hand finds it whenever it was.
  const inHand = ["Q", "CallSids", "SipCallId"].some((name) => query.has(name));
  if (!inHand) {
    if (!query.has("StartTime")) query.set("StartTime", DEFAULT_RANGE);
    if (!query.has("ProcessingState")) query.set("ProcessingState", "all");
  }
  return query;
}

export interface Chip {
  name: string;
  /** As the API reads them, `!` before those that are left out. */
  values: string[];
}

export function chipsOf(address: URLSearchParams): Chip[] {
  const chips = new Map<string, string[]>();
  for (const [name, value] of address) {
    if (!isApi(name) || NO_CHIPS.has(name) || value === "") continue;
    chips.set(name, [...(chips.get(name) ?? []), value]);
  }
  return [...chips].map(([name, values]) => ({ name, values }));
}

/** A value as the API reads it as that value, and not as "all but". */
export function literal(value: string): string {
  return /^\\*!/.test(value) ? `\\${value}` : value;
}

export function excluded(value: string): string {
  return `!${value}`;
}

/** `["low_mos", true]` for `!low_mos`. */
export function readValue(raw: string): [value: string, isExcluded: boolean] {
  if (raw.startsWith("!")) return [raw.slice(1), true];
  return [/^\\+!/.test(raw) ? raw.slice(1) : raw, false];
}

export function withValues(address: URLSearchParams, name: string, values: string[]): URLSearchParams {
  const next = new URLSearchParams(address);
  next.delete(name);
  for (const value of values) next.append(name, value);
  return next;
}

export function toggled(address: URLSearchParams, name: string, value: string): URLSearchParams {
  const had = address.getAll(name);
  return withValues(address, name, had.includes(value) ? had.filter((it) => it !== value) : [...had, value]);
}

/** Only what says which calls: for links from one screen to another. */
export function callsAddress(address: URLSearchParams, more: Record<string, string | string[]> = {}): string {
  let next = new URLSearchParams();
  for (const [name, value] of address) if (isApi(name) && value !== "") next.append(name, value);
  for (const [name, value] of Object.entries(more)) next = withValues(next, name, [value].flat());
  const query = readable(next);
  return query === "" ? "/calls" : `/calls?${query}`;
}

/** A query that people can read: what need not be escaped is not. */
export function readable(query: URLSearchParams): string {
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%21", "!");
}

/** Alike: the same calls in the same order, whatever the order of parameters. */
export function selectionKey(address: URLSearchParams): string {
  const query = apiQuery(address);
  query.sort();
  return query.toString();
}
