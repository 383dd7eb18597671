// What people say about the call, with who said it when.

import { useEffect, useState } from "preact/hooks";

import { annotate, annotation as readAnnotation } from "../../api/calls";
import { ApiError, explain, get } from "../../api/client";
import { useLoad } from "../../api/load";
import type { AnnotationChange } from "../../api/answers";
import { mayAnnotate } from "../../app/session";
import { toast } from "../../app/toast";
import { changedFields, changeForm, draftOf, FIELD_LABELS, FIELDS, rebase, type Draft } from "../../model/annotation";
import { ago, fullTime } from "../../model/format";
import { score, word } from "../../model/words";
import { CONNECTIVITY, ISSUES, ScoreChoice, TEXT_LIMIT, TextField } from "../../parts/judge";
import { Failed, Waiting } from "../../parts/states";

export function AnnotationCard({ sid, onChange }: { sid: string; onChange: () => void }) {
  const loaded = useLoad(sid, (signal) => readAnnotation(sid, signal), { isFresh: true });
  const [round, setRound] = useState(0);
  return (
    <section class="card" aria-label="Annotation">
      <header class="card-head"><h2>Judgement</h2></header>
      {loaded.error && !loaded.data && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.data && !loaded.error && <Waiting />}
      {loaded.data && (
        <Editor sid={sid} start={draftOf(loaded.data.annotation)} tag={loaded.data.tag}
          onSaved={() => { loaded.reload(); setRound((n) => n + 1); onChange(); }} />
      )}
      <History sid={sid} round={round} />
    </section>
  );
}

function Editor({ sid, start, tag, onSaved }: { sid: string; start: Draft; tag: string | null; onSaved: () => void }) {
  const [base, setBase] = useState(start);
  const [revision, setRevision] = useState(tag);
  const [draft, setDraft] = useState(start);
  const [theirs, setTheirs] = useState<{ draft: Draft; tag: string | null } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const changed = changedFields(base, draft);

  // What comes from the server replaces what nobody is editing.
  useEffect(() => {
    if (changed.length > 0) return;
    setBase(start);
    setDraft(start);
    setRevision(tag);
  }, [tag]);

  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const send = async (from: Draft, to: Draft, ifMatch: string | null) => {
    setBusy(true);
    setProblem(null);
    try {
      const saved = await annotate(sid, changeForm(from, to), ifMatch);
      const now = draftOf(saved.annotation);
      setBase(now);
      setDraft(now);
      setRevision(saved.tag);
      setTheirs(null);
      toast("Saved.", { action: { label: "Undo", run: () => void send(now, from, saved.tag) } });
      onSaved();
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        const current = await readAnnotation(sid).catch(() => null);
        if (current) setTheirs({ draft: draftOf(current.annotation), tag: current.tag });
      } else setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };

  if (!mayAnnotate.value) return <Said draft={base} />;
  const isTooLong = [draft.comment, draft.incident].some((it) => [...it.trim()].length > TEXT_LIMIT);
  return (
    <form class="judge" onSubmit={(event) => { event.preventDefault(); void send(base, draft, revision); }}>
      <ScoreChoice value={draft.call_score} onChange={(call_score) => set({ call_score })} />
      <fieldset class="choice">
        <legend>Quality issues</legend>
        <div class="toggles">
          {ISSUES.map((it) => (
            <label key={it} class="toggle">
              <input type="checkbox" checked={draft.quality_issues.includes(it)}
                onChange={() => set({ quality_issues: draft.quality_issues.includes(it) ? draft.quality_issues.filter((other) => other !== it) : [...draft.quality_issues, it] })} />
              <span>{word(it)}</span>
            </label>
          ))}
        </div>
        {draft.quality_issues.includes("no_quality_issue") && draft.quality_issues.length > 1 && <p class="hint">“No quality issue” stands beside others.</p>}
      </fieldset>
      <div class="pair">
        <label class="field-label">Connectivity
          <select class="select" value={draft.connectivity_issue} onChange={(event) => set({ connectivity_issue: event.currentTarget.value })}>
            <option value="">not said</option>
            {CONNECTIVITY.map((it) => <option key={it} value={it}>{word(it)}</option>)}
            {draft.connectivity_issue.startsWith("unknown") && <option value={draft.connectivity_issue}>Unknown</option>}
          </select>
        </label>
        <label class="field-label">Answered by
          <select class="select" value={draft.answered_by} onChange={(event) => set({ answered_by: event.currentTarget.value })}>
            <option value="">not said</option><option value="human">Human</option><option value="machine">Machine</option>
            {draft.answered_by.startsWith("unknown") && <option value={draft.answered_by}>Unknown</option>}
          </select>
        </label>
        <label class="field-label">Spam
          <select class="select" value={draft.spam} onChange={(event) => set({ spam: event.currentTarget.value as Draft["spam"] })}>
            <option value="">not said</option><option value="true">Spam</option><option value="false">No spam</option>
          </select>
        </label>
        <TextField label="Incident" value={draft.incident} onChange={(incident) => set({ incident })} />
      </div>
      <TextField label="Comment" value={draft.comment} onChange={(comment) => set({ comment })} isPersonal />
      {theirs && (
        <div class="conflict" role="alert">
          <p>Somebody changed this meanwhile: {changedFields(base, theirs.draft).map((it) => `${FIELD_LABELS[it].toLowerCase()} is now ${said(theirs.draft, it) || "not said"}`).join("; ") || "nothing that you see"}.</p>
          <button type="button" class="button is-small is-primary" onClick={() => void send(theirs.draft, rebase(base, draft, theirs.draft), theirs.tag)}>Save mine on top</button>
          <button type="button" class="button is-small" onClick={() => { setBase(theirs.draft); setDraft(theirs.draft); setRevision(theirs.tag); setTheirs(null); }}>Take theirs</button>
        </div>
      )}
      {problem && <p class="bad-text" role="alert">{problem}</p>}
      {changed.length > 0 && !theirs && (
        <footer class="judge-foot">
          <button type="submit" class="button is-primary" disabled={isBusy || isTooLong}>{isBusy ? "Saving…" : "Save"}</button>
          <button type="button" class="button" onClick={() => setDraft(base)}>Discard</button>
        </footer>
      )}
    </form>
  );
}

function said(draft: Draft, field: keyof Draft): string {
  const value = draft[field];
  if (field === "call_score") return draft.call_score === null ? "" : `${draft.call_score} (${score(draft.call_score)})`;
  if (field === "spam") return draft.spam === "" ? "" : draft.spam === "true" ? "spam" : "no spam";
  if (Array.isArray(value)) return value.map(word).join(", ");
  return field === "comment" || field === "incident" ? String(value ?? "") : word(String(value ?? ""));
}

function Said({ draft }: { draft: Draft }) {
  const fields = FIELDS.filter((it) => said(draft, it) !== "");
  if (fields.length === 0) return <p class="quiet">Nobody has said anything about this call.</p>;
  return <dl class="facts">{fields.map((it) => <div key={it}><dt>{FIELD_LABELS[it]}</dt><dd>{said(draft, it)}</dd></div>)}</dl>;
}

function History({ sid, round }: { sid: string; round: number }) {
  const loaded = useLoad(`${sid}|${round}`, (signal) => get<{ history: AnnotationChange[] }>(`/v1/Voice/${sid}/Annotation/History`, undefined, signal));
  const history = loaded.data?.history ?? [];
  if (history.length === 0) return null;
  return (
    <details class="history">
      <summary>History <span class="quiet">{history.length}</span></summary>
      <ol>
        {history.map((it) => {
          const [before, after] = [draftOf(it.before), draftOf(it.after)];
          return (
            <li key={it.revision}>
              <p><b>{it.by || "unknown"}</b> <time dateTime={it.time} title={fullTime(it.time)} class="quiet">{ago(it.time)}</time></p>
              <ul>
                {changedFields(before, after).map((field) => (
                  <li key={field}>{FIELD_LABELS[field]}: {said(before, field) && <><s>{said(before, field)}</s> → </>}{said(after, field) || "not said any more"}</li>
                ))}
              </ul>
            </li>
          );
        })}
      </ol>
    </details>
  );
}
