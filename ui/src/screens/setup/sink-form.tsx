// A new sink: where it is, what it is told, and of which calls.

import { useEffect, useRef, useState } from "preact/hooks";

import { explain } from "../../api/client";
import { useLoad } from "../../api/load";
import { Dialog } from "../../parts/dialog";
import { Field, focusInvalid } from "../../parts/field";
import { fieldOf, MemberFields, objectOf, type Member, type Said } from "../../parts/members";
import { makeSink, shortType, streamTypes, type SinkKind } from "./api";

const KINDS: Record<SinkKind, { label: string; members: Member[] }> = {
  webhook: {
    label: "Webhook (CloudEvents)",
    members: [
      { name: "destination", label: "URL", placeholder: "https://example.com/calls" },
      { name: "signature", label: "Signed as", choices: [["twilio", "Twilio, with the account's token"], ["standard", "Standard Webhooks, with a secret of its own"]] },
    ],
  },
  segment: { label: "Segment", members: [{ name: "write_key", label: "Write key", isSecret: true }] },
  otlp: { label: "OpenTelemetry Collector (OTLP)", members: [{ name: "endpoint", label: "URL", placeholder: "https://collector.example.com:4318" }] },
  s3: {
    label: "Files in S3",
    members: [
      { name: "bucket", label: "Bucket", placeholder: "calls" },
      { name: "region", label: "Region", placeholder: "us-east-1", isOptional: true },
      { name: "access_key_id", label: "Access key ID" },
      { name: "secret_access_key", label: "Secret access key", isSecret: true },
      { name: "prefix", label: "What names begin with", placeholder: "sidetone/calls", isOptional: true },
      { name: "endpoint", label: "Endpoint, if it is not Amazon's", placeholder: "https://minio.example.com:9000", isOptional: true },
    ],
  },
};
const ORDER = Object.keys(KINDS) as SinkKind[];
/** What most receivers want. */
const USUAL = "call-summary.complete";

export function MakeSink({ onClose, onMade }: { onClose: () => void; onMade: (secret: string | null) => void }) {
  const known = useLoad("types", streamTypes);
  const [kind, setKind] = useState<SinkKind>("webhook");
  const [description, setDescription] = useState("");
  const [said, setSaid] = useState<Said>({});
  const [isBatched, setBatched] = useState(false);
  const [chosen, setChosen] = useState<Set<string> | null>(null);
  const [selection, setSelection] = useState("");
  const [personalData, setPersonalData] = useState("keep");
  const [problem, setProblem] = useState<{ field: string | null; text: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => focusInvalid(form.current), [problem]);
  const { members } = KINDS[kind];
  const of = (field: string) => (problem?.field === field ? problem.text : null);
  const isKnown = problem !== null && ["Description", "Selection", ...members.map((it) => it.name)].includes(problem.field ?? "");
  const all = (known.data ?? []).filter((it) => kind !== "segment" || shortType(it).startsWith("call-summary"));
  const types = all.filter((it) => (chosen ? chosen.has(it) : shortType(it) === USUAL));
  const toggle = (type: string, on: boolean) => setChosen(new Set(on ? [...types, type] : types.filter((it) => it !== type)));

  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const configuration = { ...objectOf(members, said), ...(kind === "webhook" ? { method: "POST", ...(isBatched ? { batch_events: true } : {}) } : {}) };
    try {
      onMade(await makeSink({ description: description.trim(), kind, configuration, types, selection, personalData }));
    } catch (error) {
      setProblem({ field: fieldOf(error, "SinkConfiguration"), text: explain(error) });
      setBusy(false);
    }
  };
  return (
    <Dialog title="Make a sink" onClose={onClose}>
      <form ref={form} class="judge" noValidate onSubmit={(event) => void make(event)} onInput={() => setProblem(null)}>
        <Field label="What it is for" problem={of("Description")}>
          {(it) => <input {...it} class="field" value={description} maxLength={255} placeholder="Quality team" autocomplete="off" onInput={(event) => setDescription(event.currentTarget.value)} />}
        </Field>
        <Field label="Kind" problem={null}>
          {(it) => (
            <select {...it} class="select" value={kind} onChange={(event) => setKind(event.currentTarget.value as SinkKind)}>
              {ORDER.map((id) => <option key={id} value={id}>{KINDS[id].label}</option>)}
            </select>
          )}
        </Field>
        <MemberFields key={kind} members={members} said={said} of={of} onSay={(name, value) => setSaid((was) => ({ ...was, [name]: value }))} />
        {kind === "webhook" && <label class="switch"><input type="checkbox" checked={isBatched} onChange={(event) => setBatched(event.currentTarget.checked)} /> Several events in a request</label>}
        <fieldset class="choices">
          <legend>Is told</legend>
          {all.map((it) => <label key={it} class="switch"><input type="checkbox" checked={types.includes(it)} onChange={(event) => toggle(it, event.currentTarget.checked)} /> {shortType(it)}</label>)}
        </fieldset>
        <Field label="Of which calls" problem={of("Selection")}>
          {(it) => <input {...it} class="field" value={selection} placeholder="all; or filters, e.g. Tag=silence" onInput={(event) => setSelection(event.currentTarget.value)} />}
        </Field>
        <Field label="Numbers and names" problem={null}>
          {(it) => (
            <select {...it} class="select" value={personalData} onChange={(event) => setPersonalData(event.currentTarget.value)}>
              <option value="keep">are sent</option><option value="hash">as pseudonyms</option><option value="omit">are left out</option>
            </select>
          )}
        </Field>
        {problem && !isKnown && <p class="bad-text" role="alert">{problem.text}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary" disabled={isBusy || types.length === 0}>Make the sink</button></footer>
      </form>
    </Dialog>
  );
}
