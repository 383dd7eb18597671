// Who sent what to whom.

import { useMemo, useState } from "preact/hooks";

import { get } from "../../api/client";
import { useLoad } from "../../api/load";
import type { CallSummary, LadderPage, Participant, Rung } from "../../api/answers";
import { session } from "../../app/session";
import { plural } from "../../model/format";
import { word } from "../../model/words";
import { Copy } from "../../parts/copy";
import { NARROW, useMedia } from "../../parts/media";
import { Failed, Waiting } from "../../parts/states";

const KINDS = [
  { id: "sip", label: "SIP" },
  { id: "rtcp", label: "RTCP" },
  { id: "vq", label: "Quality reports" },
  { id: "event", label: "Events" },
  { id: "annotation", label: "Annotations" },
] as const;

export function Ladder({ call }: { call: CallSummary }) {
  const sid = call.call_sid;
  const isRaw = session.value?.role !== "viewer";
  const loaded = useLoad(`${sid}|${call.processing_version}|${JSON.stringify(call.annotation)}`, (signal) =>
    get<LadderPage>(`/v1/Voice/${sid}/Ladder`, new URLSearchParams({ PageSize: "1000", ...(isRaw ? { Raw: "true" } : {}) }), signal));
  const [hidden, setHidden] = useState<Set<string>>(new Set(["rtcp"]));
  const [open, setOpen] = useState<number | null>(null);
  const isNarrow = useMedia(NARROW);
  const ladder = loaded.data?.ladder ?? [];
  const counts = useMemo(() => new Map(KINDS.map((it) => [it.id as string, ladder.filter((rung) => rung.kind === it.id).length])), [loaded.data]);
  if (loaded.error && !loaded.data) return <section class="card"><header class="card-head"><h2>Signalling</h2></header><Failed error={loaded.error} retry={loaded.reload} /></section>;
  if (!loaded.data) return <section class="card"><header class="card-head"><h2>Signalling</h2></header><Waiting /></section>;
  if (ladder.length === 0) return null;

  const shown = ladder.map((rung, at) => ({ rung, at })).filter(({ rung }) => !hidden.has(rung.kind));
  const hasPackets = counts.get("sip")! + counts.get("rtcp")! + counts.get("vq")! > 0;
  const lines = hasPackets ? linesOf(ladder, loaded.data.participants) : [];
  const start = Date.parse(ladder[0]!.time);
  const toggle = (kind: string) => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    setHidden(next);
  };
  return (
    <section class="card ladder" aria-label="Ladder">
      <header class="card-head">
        <h2>{hasPackets ? "Signalling" : "Events"}</h2>
        <div class="segments" role="group" aria-label="What is shown">
          {KINDS.filter((it) => counts.get(it.id)! > 0).map((it) => (
            <button key={it.id} type="button" aria-pressed={!hidden.has(it.id)} onClick={() => toggle(it.id)}>{it.label} <span class="quiet">{counts.get(it.id)}</span></button>
          ))}
        </div>
      </header>
      <div class="scroll-x">
        <div class="rungs" style={isNarrow ? {} : { minWidth: `${12 + lines.length * 9}rem` }}>
          {lines.length > 0 && !isNarrow && (
            <div class="rung is-head">
              <span />
              <div class="lifelines" style={{ gridTemplateColumns: `repeat(${lines.length}, 1fr)` }}>
                {lines.map((it) => <span key={it.address} title={it.address}><b>{word(it.role)}</b> <code>{it.address}</code></span>)}
              </div>
            </div>
          )}
          {shown.map(({ rung, at }) => (
            <RungRow key={at} rung={rung} lines={lines} start={start} isNarrow={isNarrow} isOpen={open === at} onToggle={() => setOpen(open === at ? null : at)} />
          ))}
        </div>
      </div>
      {loaded.data.meta.next_page_url && <p class="quiet">The first {plural(ladder.length, "row")} are shown. All of them: <code>GET /v1/Voice/{sid}/Ladder</code></p>}
    </section>
  );
}

interface Lifeline {
  address: string;
  role: string;
  /** Addresses of the same host are one line: its media has ports of its own. */
  host: string;
}

const hostOf = (address: string) => address.replace(/:\d+$/, "");

function linesOf(ladder: Rung[], participants: Participant[]): Lifeline[] {
  const lines: Lifeline[] = [];
  const add = (address: string | null | undefined, role: string) => {
    if (!address) return;
    const host = hostOf(address);
    if (!lines.some((it) => it.host === host)) lines.push({ address: host, role, host });
  };
  for (const role of ["caller", "platform", "callee"]) for (const it of participants) if (it.role === role) add(it.address, role);
  for (const it of ladder) {
    add(it.from, "other");
    add(it.to, "other");
  }
  return lines.slice(0, 8);
}

/** By the role, where one has it alone. */
function nameOf(lines: Lifeline[], at: number): string {
  const { role, address } = lines[at]!;
  return lines.filter((it) => it.role === role).length === 1 ? word(role) : address;
}

function RungRow({ rung, lines, start, isNarrow, isOpen, onToggle }: { rung: Rung; lines: Lifeline[]; start: number; isNarrow: boolean; isOpen: boolean; onToggle: () => void }) {
  const [from, to] = [rung.from, rung.to].map((it) => (it ? lines.findIndex((line) => line.host === hostOf(it)) : -1)) as [number, number];
  const sip = rung.sip as { status?: number | null; retransmission?: boolean; raw?: string } | null | undefined;
  const isBad = (sip?.status ?? 0) >= 400 && ![401, 407, 487].includes(sip!.status!);
  const since = (Date.parse(rung.time) - start) / 1000;
  const name = `${rung.summary}${rung.from && rung.to ? `, from ${rung.from} to ${rung.to}` : ""}`;
  const isArrow = from >= 0 && to >= 0 && from !== to;
  const level = (rung as { event?: { level?: string } }).event?.level;
  return (
    <>
      <button type="button" class={`rung is-${rung.kind}${isBad || level === "ERROR" ? " is-bad" : ""}${level === "WARNING" ? " is-warn" : ""}${isOpen ? " is-open" : ""}`} aria-expanded={isOpen} onClick={onToggle} aria-label={`${name}, ${since.toFixed(3)} s`}>
        <span class="rung-time" title={rung.time}>{since.toFixed(since < 100 ? 3 : 1)}</span>
        {isArrow && isNarrow ? (
          <span class="rung-note">
            <span class="rung-way">{nameOf(lines, from)} <span aria-hidden="true">→</span> {nameOf(lines, to)}</span>
            <span>{isBad && "✕ "}{rung.summary}{sip?.retransmission && <em> again</em>}</span>
          </span>
        ) : isArrow ? (
          <div class="lifelines" style={{ gridTemplateColumns: `repeat(${lines.length}, 1fr)` }}>
            {lines.map((it, i) => <i key={it.address} class="lifeline" style={{ gridColumn: i + 1 }} />)}
            <span class={`arrow-line ${to > from ? "is-right" : "is-left"}`} style={{ gridColumn: `${Math.min(from, to) + 1} / ${Math.max(from, to) + 2}`, "--lines": Math.abs(to - from) + 1 }}>
              <span class="arrow-text">{isBad && "✕ "}{rung.summary}{sip?.retransmission && <em> again</em>}</span>
            </span>
          </div>
        ) : (
          <span class="rung-note">{lines.length > 0 && "· "}{rung.edge && <span class="quiet">{word(rung.edge)} </span>}{rung.summary}</span>
        )}
      </button>
      {isOpen && <Detail rung={rung} />}
    </>
  );
}

function Detail({ rung }: { rung: Rung }) {
  const sip = rung.sip as { raw?: string } | null | undefined;
  const inner = (rung as unknown as Record<string, unknown>)[rung.kind];
  const text = sip?.raw ?? JSON.stringify(inner ?? rung, null, 2);
  return (
    <div class="rung-detail">
      <p class="quiet">
        {rung.time}{rung.agent != null && `, by the clock of agent ${rung.agent}`}{rung.from && rung.to && <> · <code>{rung.from}</code> → <code>{rung.to}</code></>}
        <Copy text={text} label="Copy" isBare />
      </p>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
