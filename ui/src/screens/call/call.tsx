// One call: what happened, and whose side it was.

import { useEffect, useMemo, useState } from "preact/hooks";

import { summary as readSummary } from "../../api/calls";
import { ApiError } from "../../api/client";
import { useLoad } from "../../api/load";
import type { CallSummary } from "../../api/answers";
import { useKeys } from "../../app/keys";
import { go } from "../../app/router";
import { mayAnnotate } from "../../app/session";
import { duration, fullTime, party, time } from "../../model/format";
import { sideName } from "../../model/findings";
import { verdictOf, type Tone } from "../../model/verdict";
import { word } from "../../model/words";
import { Copy } from "../../parts/copy";
import { Icon, type IconName } from "../../parts/icon";
import { Empty, Failed, Waiting } from "../../parts/states";
import { isRunning, State } from "../calls/columns";
import { AnnotationCard } from "./annotation";
import { Feedback } from "./feedback";
import { Findings } from "./findings";
import { Ladder } from "./ladder";
import { Legs } from "./legs";
import { PathView } from "./path";
import { Properties } from "./properties";
import { Raw } from "./raw";
import { Timeline } from "./timeline";

export function Call({ part: sid }: { part: string }) {
  const [isSettled, setSettled] = useState(false);
  // While more may come.
  const loaded = useLoad(sid, (signal) => readSummary(sid, signal, mayAnnotate.value), { isFresh: true, every: isSettled ? undefined : 3000 });
  const call = loaded.data;
  useEffect(() => setSettled(call?.processing_state === "complete"), [call?.processing_state]);
  useKeys(useMemo(() => [{ key: "Escape", what: "Back", run: () => (history.length > 1 ? history.back() : go("/calls")) }], []));
  if (!call) {
    if (loaded.error instanceof ApiError && loaded.error.status === 404) {
      const isGone = loaded.error.code === 17002;
      return (
        <Empty title={isGone ? "This call is gone" : "There is no such call"}>
          <p>{loaded.error.message}</p>
          <p class="quiet">{isGone ? "It was erased, or is older than this server keeps calls." : `No call of yours is ${sid}.`} <a href="/calls">Go to the calls</a></p>
        </Empty>
      );
    }
    return loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Waiting what="Reading the call" />;
  }
  return (
    <article class="call">
      <Head call={call} />
      <VerdictView call={call} />
      <div class="call-columns">
        <div class="call-main">
          <PathView call={call} />
          <Findings call={call} />
          <Legs call={call} />
          <Timeline call={call} />
          <Ladder call={call} />
        </div>
        <div class="call-side">
          <AnnotationCard sid={call.call_sid} onChange={loaded.reload} />
          <Feedback call={call} />
          <Properties call={call} />
          <Raw call={call} />
        </div>
      </div>
    </article>
  );
}

function Head({ call }: { call: CallSummary }) {
  return (
    <header class="screen-head call-head">
      <a class="back-link" href="/calls" onClick={(event) => { if (history.length > 1) { event.preventDefault(); history.back(); } }}><Icon name="left" size={14} /> Calls</a>
      <h1>
        <span>{party(call.from?.caller)}</span> <span class="arrow" aria-label="to">→</span> <span>{party(call.to?.callee)}</span>
      </h1>
      <p class="call-facts">
        <State call={call} />
        <time dateTime={call.start_time ?? undefined} title={fullTime(call.start_time)}>{time(call.start_time)}</time>
        {!isRunning(call) && <span>{duration(call.duration)}</span>}
        {call.properties?.direction && <span>{word(call.properties.direction)}</span>}
        <RecordingLink call={call} />
        <span class="sid"><code>{call.call_sid}</code><Copy text={call.call_sid} label="Copy the CallSid" isBare /></span>
      </p>
    </header>
  );
}

/** It may lead anywhere, and is told nothing of this page. */
function RecordingLink({ call }: { call: CallSummary }) {
  const recording = call.recording;
  if (!recording) return null;
  if (!recording.url) return <span class="quiet" title={`The address of recordings has the ${word(recording.missing ?? "")}, which is not known of this call.`}>No recording</span>;
  return <a class="recording-link" href={recording.url} target="_blank" rel="noopener noreferrer"><Icon name="external" size={13} /> Recording<span class="visually-hidden"> (in a new tab)</span></a>;
}

const TONES: Record<Tone, { icon: IconName; name: string }> = {
  good: { icon: "good", name: "Good" },
  warn: { icon: "warning", name: "Look at it" },
  bad: { icon: "bad", name: "Bad" },
  unknown: { icon: "unknown", name: "Not known" },
  running: { icon: "live", name: "Running" },
};

function VerdictView({ call }: { call: CallSummary }) {
  const verdict = verdictOf(call);
  const tone = TONES[verdict.tone];
  return (
    <section class={`verdict is-${verdict.tone}`} aria-label="What happened">
      <Icon name={tone.icon} size={22} />
      <div>
        <p class="verdict-line"><span class="visually-hidden">{tone.name}: </span>{verdict.headline}</p>
        <p>{verdict.outcome}{verdict.because && ` ${verdict.because}`}</p>
      </div>
      {verdict.side && <span class="verdict-side">{sideName(verdict.side)}</span>}
    </section>
  );
}
