// Which screen an address is. Screens beyond the first two are fetched when they are asked for.

import type { ComponentType } from "preact";
import { lazy, Suspense } from "preact/compat";

import { Calls } from "../screens/calls/calls";
import { Overview } from "../screens/overview/overview";
import { SignIn } from "../screens/sign-in";
import { Empty, Waiting } from "../parts/states";
import { place } from "./router";
import { session, trouble } from "./session";
import { Shell } from "./shell";

const Alerts = lazy(() => import("../screens/alerts/alerts").then((it) => it.Alerts));
const Judgement = lazy(() => import("../screens/judgement/judgement").then((it) => it.Judgement));
const Setup = lazy(() => import("../screens/setup/setup").then((it) => it.Setup));
const Call = lazy(() => import("../screens/call/call").then((it) => it.Call));

const SCREENS: [path: RegExp, screen: ComponentType<{ part?: string }>][] = [
  [/^\/(?:sign-in)?$/, Overview],
  [/^\/calls$/, Calls],
  [/^\/alerts(?:\/(receivers|rules(?:\/new|\/AR[0-9a-f]{32})?|AF[0-9a-f]{32}))?$/, Alerts],
  [/^\/judgement$/, Judgement],
  [/^\/setup(?:\/([a-z]+))?$/, Setup],
  [/^\/calls\/(CA[0-9a-f]{32})$/, Call as ComponentType<{ part?: string }>],
];

export function App() {
  if (session.value === undefined) {
    return <main class="starting">{trouble.value ? <p role="alert">The server does not answer. Trying again…</p> : <Waiting />}</main>;
  }
  if (session.value === null) return <SignIn />;
  for (const [path, Screen] of SCREENS) {
    const match = path.exec(place.value.path);
    if (match) {
      return (
        <Shell>
          <Suspense fallback={<Waiting />}><Screen key={Screen === Setup || Screen === Alerts ? path.source : match[1]} part={match[1]} /></Suspense>
        </Shell>
      );
    }
  }
  return <Shell><h1 class="visually-hidden">Not found</h1><Empty title="There is no such page"><p><a href="/">Go to the overview</a></p></Empty></Shell>;
}
