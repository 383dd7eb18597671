// Where calls come from, who may see them, and where they are kept.

import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { isAdmin } from "../../app/session";
import { Empty } from "../../parts/states";
import { Access } from "./access";
import { Audit } from "./audit";
import { Deliveries } from "./deliveries";
import { Erasure } from "./erasure";
import { People } from "./people";
import { SidesView } from "./sides";
import { SourcesView } from "./sources";
import { StorageView } from "./storage";
import { Streams } from "./streams";

const PARTS: { id: string; label: string; view: ComponentType }[] = [
  { id: "sources", label: "Sources", view: SourcesView },
  { id: "access", label: "Accounts and keys", view: Access },
  { id: "people", label: "People", view: People },
  { id: "sides", label: "Edge rules", view: SidesView },
  { id: "streams", label: "Event streams", view: Streams },
  { id: "webhooks", label: "Webhooks", view: Deliveries },
  { id: "storage", label: "Storage", view: StorageView },
  { id: "erasure", label: "Erasure", view: Erasure },
  { id: "audit", label: "Audit log", view: Audit },
];

export function Setup({ part = "sources" }: { part?: string }) {
  const nav = useRef<HTMLElement>(null);
  // Where there is no room for all parts, the one that is shown is in view.
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (link) nav.current!.scrollLeft = link.offsetLeft - nav.current!.offsetLeft - 16;
  }, [part]);
  const shown = PARTS.find((it) => it.id === part);
  if (!isAdmin.value) return <Empty title="For administrators"><p>Your role looks at calls, not at how the server is set up.</p></Empty>;
  return (
    <div class="setup">
      <header class="screen-head"><h1>Set-up</h1></header>
      <nav ref={nav} class="setup-nav" aria-label="Set-up">
        {PARTS.map((it) => <a key={it.id} href={`/setup/${it.id}`} aria-current={it === shown ? "page" : undefined}>{it.label}</a>)}
      </nav>
      <div class="setup-part">{shown ? <shown.view /> : <Empty title="There is no such page"><p><a href="/setup">Go to the sources</a></p></Empty>}</div>
    </div>
  );
}
