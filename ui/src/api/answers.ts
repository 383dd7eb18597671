// Names for what the API answers, as its document (openapi.json) describes it.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type CallSummary = Schemas["CallSummary"];
export type Party = Schemas["Party"];
export type Edge = Schemas["Edge"];
export type StreamMetrics = Schemas["StreamMetrics"];
export type Meta = Schemas["Meta"];
export type CallEvent = Schemas["Event"];
export type Metric = Schemas["Metric"];
export type Rung = Schemas["Rung"];
export type Annotation = Schemas["AnnotationValues"];
export type AnnotationChange = Schemas["AnnotationChange"];
export type Statistics = Schemas["Statistics"];
export type StatisticsRow = Schemas["StatisticsRow"];
export type Agreement = Schemas["Agreement"];
export type TagReason = Schemas["TagReason"];
export type TagFigure = NonNullable<TagReason["figures"]>[number];
export type TagLimit = Schemas["TagLimits"]["limits"][number];
export type TagMetric = Schemas["TagMetric"];
export type CallFeedback = Schemas["CallFeedback"];
export type SignInMethods = Schemas["SignInMethods"];

export interface Page {
  meta: Meta;
}
export interface CallPage extends Page {
  call_summaries: CallSummary[];
}
export interface Participant {
  address: string;
  role: "caller" | "platform" | "callee";
  edge: string | null;
}
export interface LadderPage extends Page {
  ladder: Rung[];
  participants: Participant[];
}

export const EDGES = ["carrier_edge", "sip_edge", "client_edge", "sdk_edge"] as const;
export type EdgeName = (typeof EDGES)[number];
export const DIRECTIONS = ["inbound", "outbound"] as const;
export type Direction = (typeof DIRECTIONS)[number];
export type Tag = NonNullable<CallSummary["tags"]>[number];
