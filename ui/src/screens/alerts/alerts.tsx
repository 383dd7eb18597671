// What fires and fired, the rules that say when, and who is told.

import { lazy, Suspense } from "preact/compat";

import { place } from "../../app/router";
import { isAdmin } from "../../app/session";
import { Empty, Waiting } from "../../parts/states";
import { Fired } from "./fired";
import { OneAlert } from "./one";
import { Rules } from "./rules";

// They are written seldom, and looked at often.
const Editor = lazy(() => import("./editor").then((it) => it.Editor));
const Receivers = lazy(() => import("./receivers").then((it) => it.Receivers));

const TABS = [["/alerts", "Fired"], ["/alerts/rules", "Rules"], ["/alerts/receivers", "Receivers"]] as const;

export function Alerts({ part = "" }: { part?: string }) {
  const tabs = TABS.filter(([path]) => path !== "/alerts/receivers" || isAdmin.value);
  const isAt = (path: string) => place.value.path === path || (path !== "/alerts" && place.value.path.startsWith(path)) || (path === "/alerts" && part.startsWith("AF"));
  return (
    <div class="alerts">
      <header class="screen-head">
        <h1>Alerts</h1>
        <nav class="segments" aria-label="Alerts">
          {tabs.map(([path, label]) => <a key={path} href={path} aria-current={isAt(path) ? "page" : undefined}>{label}</a>)}
        </nav>
      </header>
      <Suspense fallback={<Waiting />}><Part part={part} /></Suspense>
    </div>
  );
}

function Part({ part }: { part: string }) {
  if (part === "") return <Fired />;
  if (part.startsWith("AF")) return <OneAlert key={part} sid={part} />;
  if (part === "rules") return <Rules />;
  if (!isAdmin.value) return <Empty title="For administrators"><p>Your role looks at alerts, not at how they are made.</p></Empty>;
  if (part === "receivers") return <Receivers />;
  const sid = part.slice("rules/".length);
  return <Editor key={sid} sid={sid === "new" ? null : sid} />;
}
