// The same judgement of many calls at once, and back.

import { useState } from "preact/hooks";

import { annotateMany, undoBatch } from "../../api/calls";
import { explain } from "../../api/client";
import { toast } from "../../app/toast";
import { plural } from "../../model/format";
import { word } from "../../model/words";
import { Dialog } from "../../parts/dialog";
import { CONNECTIVITY, ISSUES, ScoreChoice, TextField } from "../../parts/judge";

export function BulkAnnotate({ sids, onClose, onDone }: { sids: string[]; onClose: () => void; onDone: () => void }) {
  const [score, setScore] = useState<number | null>(null);
  const [issues, setIssues] = useState<string[]>([]);
  const [connectivity, setConnectivity] = useState("");
  const [answeredBy, setAnsweredBy] = useState("");
  const [spam, setSpam] = useState("");
  const [comment, setComment] = useState("");
  const [incident, setIncident] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const change: Record<string, unknown> = {};
  if (score !== null) change["call_score"] = score;
  if (issues.length > 0) change["quality_issues"] = issues;
  if (connectivity) change["connectivity_issue"] = connectivity;
  if (answeredBy) change["answered_by"] = answeredBy;
  if (spam) change["spam"] = spam === "yes";
  if (comment.trim()) change["comment"] = comment.trim();
  if (incident.trim()) change["incident"] = incident.trim();
  const isEmpty = Object.keys(change).length === 0;

  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const done = await annotateMany(sids, change);
      const said = [`${plural(done.changed, "call")} annotated`];
      if (done.unchanged > 0) said.push(`${done.unchanged} said so already`);
      if (done.refused.length > 0) said.push(`${done.refused.length} refused: ${done.refused[0]!.message}`);
      toast(`${said.join(", ")}.`, {
        isBad: done.refused.length > 0,
        ...(done.changed > 0 ? { action: { label: "Undo", run: () => void undo(done.batch, onDone) } } : {}),
      });
      onDone();
      onClose();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={`Annotate ${plural(sids.length, "call")}`} onClose={onClose}>
      <form class="judge" onSubmit={(event) => void save(event)}>
        <p class="quiet">What you leave empty stays as it is in each call.</p>
        <ScoreChoice value={score} onChange={setScore} />
        <fieldset class="choice">
          <legend>Quality issues</legend>
          <div class="toggles">
            {ISSUES.map((it) => (
              <label key={it} class="toggle"><input type="checkbox" checked={issues.includes(it)} onChange={() => setIssues(issues.includes(it) ? issues.filter((other) => other !== it) : [...issues, it])} /><span>{word(it)}</span></label>
            ))}
          </div>
        </fieldset>
        <div class="pair">
          <label class="field-label">Connectivity
            <select class="select" value={connectivity} onChange={(event) => setConnectivity(event.currentTarget.value)}>
              <option value="">leave as it is</option>
              {CONNECTIVITY.map((it) => <option key={it} value={it}>{word(it)}</option>)}
            </select>
          </label>
          <label class="field-label">Answered by
            <select class="select" value={answeredBy} onChange={(event) => setAnsweredBy(event.currentTarget.value)}>
              <option value="">leave as it is</option><option value="human">Human</option><option value="machine">Machine</option>
            </select>
          </label>
          <label class="field-label">Spam
            <select class="select" value={spam} onChange={(event) => setSpam(event.currentTarget.value)}>
              <option value="">leave as it is</option><option value="yes">Spam</option><option value="no">No spam</option>
            </select>
          </label>
          <TextField label="Incident" value={incident} onChange={setIncident} />
        </div>
        <TextField label="Comment" value={comment} onChange={setComment} isPersonal />
        {problem && <p class="bad-text" role="alert">{problem}</p>}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button is-primary" disabled={isBusy || isEmpty}>{isBusy ? "Saving…" : `Annotate ${plural(sids.length, "call")}`}</button>
        </footer>
      </form>
    </Dialog>
  );
}

async function undo(batch: string, onDone: () => void): Promise<void> {
  try {
    const { restored, left } = await undoBatch(batch);
    toast(`${plural(restored, "call")} as before${left.length > 0 ? `; ${left.length} changed since by somebody, left alone` : ""}.`);
    onDone();
  } catch (error) {
    toast(explain(error), { isBad: true });
  }
}
