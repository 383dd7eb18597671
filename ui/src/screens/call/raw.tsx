// The summary as the API gives it, and the request for it.

import { useState } from "preact/hooks";

import type { CallSummary } from "../../api/answers";
import { Copy } from "../../parts/copy";
import { Request } from "../../parts/request";

export function Raw({ call }: { call: CallSummary }) {
  const [isOpen, setOpen] = useState(false);
  const json = () => JSON.stringify(call, null, 2);
  return (
    <section class="card" aria-label="API">
      <Request title="As a request" account={call.account_sid} path={`/v1/Voice/${call.call_sid}/Summary`} query={new URLSearchParams({ ProcessingState: "all" })} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Raw JSON</summary>
        {isOpen && <div class="code"><pre tabIndex={0}>{json()}</pre><Copy text={json} label="Copy the JSON" isBare /></div>}
      </details>
    </section>
  );
}
