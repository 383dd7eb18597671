// A new receiver: what each kind of them needs.

import { useEffect, useRef, useState } from "preact/hooks";

import { makeReceiver, type Receiver } from "../../api/alerts";
import { explain } from "../../api/client";
import { Dialog } from "../../parts/dialog";
import { Field, focusInvalid } from "../../parts/field";
import { fieldOf, MemberFields, objectOf, type Member } from "../../parts/members";

interface Kind {
  label: string;
  hint: string;
  members: Member[];
}

const KINDS: Record<Receiver["type"], Kind> = {
  slack: {
    label: "Slack", hint: "A message with a link to the calls. Mattermost takes the same.",
    members: [{ name: "url", label: "URL of an incoming webhook", placeholder: "https://hooks.slack.com/services/…" }],
  },
  email: {
    label: "Mail", hint: "By the server that [mail] in sidetone.toml names.",
    members: [{ name: "to", label: "Addresses", placeholder: "noc@example.com, lead@example.com", isList: true }],
  },
  pagerduty: {
    label: "PagerDuty", hint: "An incident that is resolved when the alert is over.",
    members: [
      { name: "routing_key", label: "Integration key of Events API v2", isSecret: true },
      { name: "endpoint", label: "Endpoint, if it is another", placeholder: "https://events.eu.pagerduty.com/v2/enqueue", isOptional: true },
    ],
  },
  teams: {
    label: "Microsoft Teams", hint: "At the channel: Workflows, then “Post to a channel when a webhook request is received”.",
    members: [{ name: "url", label: "URL of the workflow", placeholder: "https://…logic.azure.com/workflows/…" }],
  },
  webhook: {
    label: "Webhook", hint: "A server of yours, told as Alertmanager or Grafana tell.",
    members: [
      { name: "url", label: "URL", placeholder: "https://example.com/alerts" },
      { name: "version", label: "Told as by", choices: [["4", "Alertmanager (version 4)"], ["1", "Grafana (version 1)"]] },
      { name: "secret", label: "Secret that bodies are signed with", isOptional: true, isSecret: true },
    ],
  },
  alertmanager: {
    label: "Alertmanager", hint: "Groups, silences and routes by itself.",
    members: [
      { name: "url", label: "URL", placeholder: "http://alertmanager:9093" },
      { name: "user", label: "User", isOptional: true },
      { name: "password", label: "Password", isOptional: true, isSecret: true },
    ],
  },
};
const TYPES = Object.keys(KINDS) as Receiver["type"][];

export const kindOf = (type: Receiver["type"]) => KINDS[type]?.label ?? type;

export function MakeReceiver({ onClose, onMade }: { onClose: () => void; onMade: (made: Receiver) => void }) {
  const [type, setType] = useState<Receiver["type"]>("slack");
  const [description, setDescription] = useState("");
  const [said, setSaid] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<{ field: string | null; text: string } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => focusInvalid(form.current), [problem]);
  const kind = KINDS[type];
  const of = (field: string) => (problem?.field === field ? problem.text : null);
  const isKnown = problem !== null && ["Description", "Type", ...kind.members.map((it) => it.name)].includes(problem.field ?? "");

  const make = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onMade(await makeReceiver(description.trim(), type, objectOf(kind.members, said)));
    } catch (error) {
      setProblem({ field: fieldOf(error, "Configuration"), text: explain(error) });
      setBusy(false);
    }
  };
  const set = (name: string, value: string) => {
    setProblem(null);
    setSaid((was) => ({ ...was, [name]: value }));
  };
  return (
    <Dialog title="Make a receiver" onClose={onClose}>
      <form ref={form} class="judge" noValidate onSubmit={(event) => void make(event)}>
        <Field label="Kind" hint={kind.hint} problem={of("Type")}>
          {(it) => (
            <select {...it} class="select" value={type} onChange={(event) => { setType(event.currentTarget.value as Receiver["type"]); setProblem(null); }}>
              {TYPES.map((id) => <option key={id} value={id}>{KINDS[id].label}</option>)}
            </select>
          )}
        </Field>
        <Field label="What it is for" problem={of("Description")}>
          {(it) => <input {...it} class="field" value={description} maxLength={255} placeholder="Voice team" autocomplete="off" onInput={(event) => { setProblem(null); setDescription(event.currentTarget.value); }} />}
        </Field>
        <MemberFields key={type} members={kind.members} said={said} of={of} onSay={set} />
        {problem && !isKnown && <p class="bad-text" role="alert">{problem.text}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary" disabled={isBusy}>Make the receiver</button></footer>
      </form>
    </Dialog>
  );
}
