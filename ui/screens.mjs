// Takes the pictures of docs/screens: every screen, light, dark and as wide as a phone.
// usage: SIDETONE=http://127.0.0.1:8080 SIDETONE_AUTH=AC…:TOKEN npm run screens [NAME...]
// The server is a `sidetone demo` that has run for some hours, better still a day, so that alerts have come and gone. Event
// streams are told to this program, where SIDETONE_WEBHOOK_ALLOW_PRIVATE=true lets it.
// Where pngquant is installed, it makes them small.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

const { SIDETONE: base, SIDETONE_AUTH: auth } = process.env;
if (!base || !auth) throw new Error("SIDETONE and SIDETONE_AUTH say which server, and who asks");
const [user, password] = auth.split(":");
const folder = fileURLToPath(new URL("../docs/screens/", import.meta.url));

async function ask(path, form) {
  const answer = await fetch(base + path, {
    method: form ? "POST" : "GET",
    headers: { Authorization: `Basic ${btoa(auth)}` },
    ...(form ? { body: new URLSearchParams(form) } : {}),
  });
  // What is there from the last time is good.
  if (!answer.ok && !form) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const RULES = [
  { Name: "Findings by carrier", Measure: "tagged", GroupBy: "Carrier", Window: "24h", Above: "15", Release: "12", Severity: "error" },
  { Name: "Slow to ring", Measure: "pdd.p95", GroupBy: "Carrier", Window: "24h", Above: "6000", Release: "4500" },
  { Name: "Silence on a route", Measure: "share", Filters: "Tag=silence", Among: "CallState=completed", GroupBy: "Carrier", Window: "30m", Above: "5", Release: "2", Severity: "error" },
  { Name: "Rush of calls", Measure: "calls", Window: "2m", Above: "30", Release: "26", Severity: "info" },
];

async function prepare() {
  const { receivers } = await ask("/v1/Voice/Alerts/Receivers");
  const named = async (Description, Type, configuration) => receivers.find((it) => it.description === Description)
    ?? ask("/v1/Voice/Alerts/Receivers", { Description, Type, Configuration: JSON.stringify(configuration) });
  await named("Voice team", "slack", { url: "https://hooks.slack.com/services/T0/B0/example" });
  const onCall = await named("On call", "pagerduty", { routing_key: "0123456789abcdef0123456789abcdef" });
  // Told by a rule alone that never fires: a demo tells nobody.
  const disk = { Name: "The disk fills up", Measure: "disk_full_in", Below: "0.01", Severity: "critical", Receivers: onCall.sid };
  for (const rule of [...RULES, disk]) await ask("/v1/Voice/Alerts/Rules", rule);
  for (const [Name, Role] of [["mira", "admin"], ["jonas", "annotator"], ["ines", "viewer"]]) await ask("/v1/Voice/People", { Name, Role, Password: "correct horse battery" });
  for (const [Name, Query] of [["Silent calls", "Tag=silence"], ["Bad and judged", "HasTag=true&CallScoreAnnotation=1&CallScoreAnnotation=2"]]) await ask("/v1/Voice/Views", { Name, Query, Shared: "true" });
}

/** A sink that is told of calls, and what is told of it. */
async function sink(port) {
  const { sinks } = await ask("/v1/Sinks");
  const known = sinks.find((it) => it.description === "Quality team");
  if (known) return known.sid;
  const destination = `http://127.0.0.1:${port}/calls`;
  const { sid } = await ask("/v1/Sinks", { Description: "Quality team", SinkType: "webhook", SinkConfiguration: JSON.stringify({ destination, method: "POST" }) });
  const Types = ["partial", "complete"].map((it) => JSON.stringify({ type: `com.twilio.voice.insights.call-summary.${it}` }));
  const form = new URLSearchParams({ Description: "Quality team", SinkSid: sid });
  for (const it of Types) form.append("Types", it);
  await ask("/v1/Subscriptions", form);
  // Until it was told something.
  await new Promise((resolve) => setTimeout(resolve, 90_000));
  return sid;
}

const receiver = createServer((request, response) => request.resume().on("end", () => response.writeHead(204).end()));
const port = 9_999;
await new Promise((listening) => receiver.listen(port, "127.0.0.1", listening));
const told = await sink(port);
const [bad] = (await ask("/v1/Voice/Summaries?Tag=high_packet_loss&Edge=sip_edge&StartTime=8d&PageSize=1")).call_summaries;
await prepare();
const { alerts: [fired] } = await ask("/v1/Voice/Alerts?State=firing");

const click = (name) => (page) => page.getByRole("button", { name, exact: true }).click();
const SCREENS = [
  ["overview", "/?StartTime=4h"],
  ["calls", "/calls?HasTag=true&StartTime=4w"],
  ["views", "/calls?HasTag=true", click("Views")],
  ["call", `/calls/${bad.call_sid}`],
  ["alerts", "/alerts"],
  ...(fired ? [["alert", `/alerts/${fired.sid}`]] : []),
  ["rules", "/alerts/rules"],
  ["rule", "/alerts/rules/new?Name=Slow+to+ring&Measure=pdd.p95&GroupBy=Carrier&Window=4h&Above=6000&MinCalls=5"],
  ["receivers", "/alerts/receivers?make=on"],
  ["judgement", "/judgement?StartTime=4w"],
  ["sources", "/setup"],
  ["people", "/setup/people"],
  ["streams", `/setup/streams?sink=${told}`],
];
const SHAPES = [
  ["", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["-dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["-phone", { viewport: { width: 390, height: 780 }, colorScheme: "light" }],
];

const wanted = process.argv.slice(2);
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ["--no-sandbox"] });
for (const [shape, how] of SHAPES) {
  const page = await (await browser.newContext({ ...how, locale: "en-US", timezoneId: "Europe/Berlin", reducedMotion: "reduce" })).newPage();
  const take = async (name) => {
    const path = `${folder}${name}${shape}.png`;
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) console.warn(`${name}${shape} is ${over} px too wide`);
    await page.screenshot({ path });
    try {
      execFileSync("pngquant", ["--force", "--skip-if-larger", "--output", path, "--quality", "60-95", "96", path], { stdio: "ignore" });
    } catch {
      // Not installed, or no smaller.
    }
    console.log(`${name}${shape}`);
  };
  await page.goto(base);
  await page.getByLabel("Name, AccountSid or key").waitFor();
  if (isWanted("sign-in")) await take("sign-in");
  await page.getByLabel("Name, AccountSid or key").fill(user);
  await page.getByLabel("Password, auth token or secret").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Screens" }).waitFor();
  for (const [name, path, then] of SCREENS.filter(([name]) => isWanted(name))) {
    await page.goto(base + path);
    await page.waitForTimeout(1500);
    await page.waitForFunction(() => !document.querySelector(".waiting"));
    await page.waitForTimeout(1000);
    if (then) await then(page).then(() => page.waitForTimeout(500));
    await take(name);
  }
}
await browser.close();
receiver.close();
