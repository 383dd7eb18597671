// What stands around every screen.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { reachable } from "../api/client";
import { callsAddress } from "../model/filters";
import { Icon, type IconName } from "../parts/icon";
import { Popover } from "../parts/popover";
import { Help } from "./help";
import { useKeys } from "./keys";
import { PasswordForm } from "./password";
import { go, place } from "./router";
import { hasPassword, isAdmin, session, signOut } from "./session";
import { setTheme, theme, type Theme } from "./theme";
import { Toasts } from "./toast";

const SCREENS: { path: string; label: string; icon: IconName; key: string }[] = [
  { path: "/", label: "Overview", icon: "chart", key: "1" },
  { path: "/calls", label: "Calls", icon: "list", key: "2" },
  { path: "/alerts", label: "Alerts", icon: "warning", key: "3" },
  { path: "/judgement", label: "Judgement", icon: "scale", key: "4" },
  { path: "/setup", label: "Set-up", icon: "gear", key: "5" },
];

/** The filters go along from screen to screen. */
function addressOf(path: string): string {
  const has = (it: string) => !["/setup", "/alerts"].some((other) => it.startsWith(other));
  if (!has(path) || !has(place.value.path)) return path;
  const calls = callsAddress(place.value.query);
  const query = calls.includes("?") ? calls.slice(calls.indexOf("?")) : "";
  return path + query;
}

export function Shell({ children }: { children: ComponentChildren }) {
  const [isHelp, setHelp] = useState(false);
  const [isChanging, setChanging] = useState(false);
  const path = place.value.path;
  const screens = SCREENS.filter((it) => it.path !== "/setup" || isAdmin.value);
  useKeys([
    { key: "?", what: "Show these keys", run: () => setHelp(true) },
    { key: "/", what: "Search", run: () => document.querySelector<HTMLInputElement>("#search")?.focus() },
    ...screens.map((it) => ({ key: it.key, what: it.label, run: () => go(addressOf(it.path)) })),
  ]);
  const title = /^\/calls\/CA/.test(path) ? "Call" : SCREENS.find((it) => it.path !== "/" && path.startsWith(it.path))?.label ?? "Overview";
  useEffect(() => {
    document.title = `${title} · Sidetone`;
  }, [title]);
  const isAt = (it: string) => (it === "/" ? path === "/" : path === it || path.startsWith(`${it}/`));
  return (
    <div class="shell">
      <a class="skip" href="#main" data-plain>Skip to content</a>
      <header class="top">
        <a class="brand" href={addressOf("/")} aria-label="Sidetone, overview">
          <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M2 16h5l4-9 6 17 5-14 3 6h5" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" />
          </svg>
          <span>Sidetone</span>
        </a>
        <nav aria-label="Screens">
          {screens.map((it) => (
            <a key={it.path} href={addressOf(it.path)} aria-current={isAt(it.path) ? "page" : undefined}>
              <Icon name={it.icon} /> <span>{it.label}</span>
            </a>
          ))}
        </nav>
        <Search />
        <ThemeSwitch />
        <button type="button" class="icon-button only-wide" aria-label="Keyboard help" title="Keyboard (?)" onClick={() => setHelp(true)}>?</button>
        <Who onChangePassword={() => setChanging(true)} />
      </header>
      {!reachable.value && (
        <p class="gone" role="alert">
          <Icon name="warning" /> The server does not answer. What you see is from before; it goes on by itself when the server is back.
        </p>
      )}
      <main id="main" tabIndex={-1}>{children}</main>
      <Toasts />
      {isHelp && <Help onClose={() => setHelp(false)} />}
      {isChanging && <PasswordForm onClose={() => setChanging(false)} />}
    </div>
  );
}

function Search() {
  const query = place.value.query.get("Q") ?? "";
  const [text, setText] = useState(query);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(query), [query]);
  const search = (event: Event) => {
    event.preventDefault();
    const value = text.trim();
    if (/^CA[0-9a-f]{32}$/.test(value)) go(`/calls/${value}`);
    else if (value !== "") go(callsAddress(new URLSearchParams(), { Q: value }));
    else if (query !== "") go(callsAddress(place.value.query, { Q: [] }));
    field.current?.blur();
  };
  return (
    <form class="search" role="search" onSubmit={search}>
      <Icon name="search" />
      <input ref={field} id="search" type="search" value={text} aria-label="Search calls"
        placeholder="Number, CallSid, Call-ID, agent, comment" autocomplete="off" spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Escape") { setText(query); field.current?.blur(); } }} />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function ThemeSwitch() {
  const next: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
  const icons: Record<Theme, IconName> = { auto: "auto", light: "sun", dark: "moon" };
  const names: Record<Theme, string> = { auto: "as the system", light: "light", dark: "dark" };
  const now = theme.value;
  return (
    <button type="button" class="icon-button" aria-label={`Colours: ${names[now]}. Change`} title={`Colours: ${names[now]}`} onClick={() => setTheme(next[now])}>
      <Icon name={icons[now]} />
    </button>
  );
}

function Who({ onChangePassword }: { onChangePassword: () => void }) {
  const who = session.value;
  if (!who) return null;
  return (
    <Popover class="icon-button" name={`Signed in as ${who.name}`} align="end" label={<Icon name="person" />}>
      {(close) => (
        <div class="menu who">
          <p><b>{who.name}</b> <span class="badge">{who.role}</span></p>
          <p class="quiet mono">{who.account_sid}</p>
          {who.other_accounts.map((it) => <a key={it.account_sid} class="menu-item" href={callsAddress(new URLSearchParams(), { Subaccount: it.account_sid })}>Calls of {it.name || it.account_sid}</a>)}
          {hasPassword.value && <button type="button" class="menu-item" onClick={() => { close(); onChangePassword(); }}>Change your password</button>}
          <button type="button" class="menu-item" onClick={() => void signOut()}>Sign out</button>
        </div>
      )}
    </Popover>
  );
}
