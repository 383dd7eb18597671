// The way of a call's media: each side has a leg to the platform, and each leg carries two streams.

import { EDGES, type CallSummary, type Direction, type Edge, type EdgeName, type StreamMetrics } from "../api/answers";

export type Role = "caller" | "callee";

/** A stream of a leg, and where it was measured. */
export interface Stream {
  edge: EdgeName;
  direction: Direction;
  metrics: StreamMetrics;
}

export interface Leg {
  role: Role;
  /** Edges at which something is known of this side. */
  edges: { name: EdgeName; edge: Edge }[];
  /** From the party to the platform. */
  up: Stream | null;
  /** From the platform to the party. */
  down: Stream | null;
}

export interface CallPath {
  caller: Leg;
  callee: Leg;
}

export function other(role: Role): Role {
  return role === "caller" ? "callee" : "caller";
}

/** Whose side an edge looks at. Gateways see a call come in from the caller; an SDK sees it come in when it is called. */
export function roleOfEdge(summary: CallSummary, name: EdgeName): Role {
  const direction = summary[name]?.properties?.direction;
  if (name === "sdk_edge") {
    if (direction === "inbound") return "callee";
    if (direction === "outbound") return "caller";
    return summary.from?.caller?.startsWith("client:") ? "caller" : "callee";
  }
  if (direction === "inbound") return "caller";
  if (direction === "outbound") return "callee";
  // One that does not say: the called side of calls that the platform makes.
  return summary.properties?.direction === "inbound" ? "caller" : "callee";
}

export function pathOf(summary: CallSummary): CallPath {
  const leg = (role: Role): Leg => {
    const edges = EDGES.flatMap((name) => {
      const edge = summary[name];
      return edge && roleOfEdge(summary, name) === role ? [{ name, edge }] : [];
    });
    const stream = (name: EdgeName, direction: Direction): Stream | null => {
      const metrics = edges.find((it) => it.name === name)?.edge.metrics?.[direction];
      return metrics ? { edge: name, direction, metrics } : null;
    };
    const gateways = EDGES.filter((name) => name !== "sdk_edge");
    const first = (streams: (Stream | null)[]) => streams.find((it) => it !== null) ?? null;
    return {
      role,
      edges,
      // Who receives a stream knows best what came of it.
      up: first([...gateways.map((name) => stream(name, "inbound")), stream("sdk_edge", "outbound")]),
      down: first([stream("sdk_edge", "inbound"), ...gateways.map((name) => stream(name, "outbound"))]),
    };
  };
  return { caller: leg("caller"), callee: leg("callee") };
}

/**
 * Whether what comes in on one leg goes out on the other as it is, so that its figures are of the whole way: a relay
 * keeps the stream, and both edges show the same counts.
 */
export function isRelayed(up: Stream | null, down: Stream | null): boolean {
  if (!up || !down || up.edge === "sdk_edge" || down.edge === "sdk_edge") return false;
  const [a, b] = [up.metrics, down.metrics];
  return (
    a.packets_received != null &&
    a.packets_received === b.packets_received &&
    a.packets_lost === b.packets_lost &&
    a.packets_sent === b.packets_sent
  );
}

export function partyAddress(summary: CallSummary, role: Role): string | null {
  return (role === "caller" ? summary.from?.caller : summary.to?.callee) ?? null;
}

/** "the caller", with a name where there is one that people use. */
export function partyName(summary: CallSummary, role: Role): string {
  const client = /^client:(.+)$/.exec(partyAddress(summary, role) ?? "")?.[1];
  return client ? `the ${role} (${client})` : `the ${role}`;
}
