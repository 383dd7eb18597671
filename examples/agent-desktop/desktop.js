import { EchoPhone } from "./phone.js";

const { sidetone } = await (await fetch("/settings")).json();
const { grade, observe } = await import(`${sidetone}/sdk/sidetone.js`);
await import(`${sidetone}/embed/sidetone-annotate.js`);

const part = (id) => document.getElementById(id);
const phone = new EchoPhone();
/** The call on the line: `{ callSid, observation }`. */
let current = null;

async function post(path, body = {}) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).message ?? answer.statusText);
  return answer.json();
}

const renewToken = async (callSid) => (await post(`/calls/${callSid}/token`)).token;

async function call(number) {
  show("Calling …", true);
  const { callSid, token } = await post("/calls", { to: number });
  remember(callSid, number);
  annotate(callSid, token);
  try {
    const connection = await phone.call(part("loudspeaker"));
    const observation = observe(connection, {
      callSid,
      token,
      url: sidetone,
      renewToken,
      app: { name: "agent-desktop" },
      onSample: meter,
      onWarning: warn,
    });
    current = { callSid, observation };
    await post(`/calls/${callSid}/status`, { status: "in-progress" });
    show(`In a call with ${number}`, true);
  } catch (error) {
    await end(callSid, "failed");
    show(`The call failed: ${error.message}`, false);
  }
}

async function hangUp() {
  if (!current) return;
  const { callSid, observation } = current;
  current = null;
  show("Hanging up …", false);
  // Before the connection is closed, so that its last second counts too.
  const sent = observation.stop("local");
  await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 500))]);
  await end(callSid, "completed");
  show("Ready", false);
}

async function end(callSid, status) {
  phone.hangUp();
  current = null;
  await post(`/calls/${callSid}/status`, { status });
}

function annotate(callSid, token) {
  const panel = part("panel");
  panel.renewToken = renewToken;
  panel.setAttribute("url", sidetone);
  panel.setAttribute("token", token);
  panel.setAttribute("call-sid", callSid);
  panel.hidden = false;
  part("no-call").hidden = true;
  for (const button of part("recent").querySelectorAll("button"))
    button.setAttribute("aria-current", String(button.dataset.callSid === callSid));
}

function remember(callSid, number) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.callSid = callSid;
  button.textContent = `${number}, ${new Date().toLocaleTimeString()}`;
  button.addEventListener("click", async () => annotate(callSid, await renewToken(callSid)));
  const item = document.createElement("li");
  item.append(button);
  part("recent").prepend(item);
}

function meter({ mos, packets_lost_fraction, rtt }) {
  part("quality").hidden = false;
  part("grade").textContent = mos === null ? "–" : `${grade(mos)} (${mos.toFixed(1)})`;
  part("lost").textContent = packets_lost_fraction === null ? "–" : `${packets_lost_fraction} %`;
  part("rtt").textContent = rtt === null ? "–" : `${Math.round(rtt)} ms`;
}

const warnings = new Set();
function warn({ name, raised }) {
  if (raised) warnings.add(name);
  else warnings.delete(name);
  part("warnings").textContent = [...warnings].join(", ");
}

function show(line, isBusy) {
  part("line").textContent = line;
  part("call").disabled = isBusy;
  part("mute").disabled = part("hang-up").disabled = !isBusy;
  if (isBusy) return;
  part("mute").setAttribute("aria-pressed", "false");
  warnings.clear();
  part("warnings").textContent = "";
}

for (const key of "123456789*0#") {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  button.addEventListener("click", () => (part("number").value += key));
  part("keys").append(button);
}
part("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  call(part("number").value.trim()).catch((error) => show(error.message, false));
});
part("hang-up").addEventListener("click", hangUp);
part("mute").addEventListener("click", () => {
  const isMuted = part("mute").getAttribute("aria-pressed") !== "true";
  part("mute").setAttribute("aria-pressed", String(isMuted));
  phone.mute(isMuted);
});
// What was said of a call shows in the list.
part("panel").addEventListener("sidetone-saved", ({ detail }) => {
  const button = part("recent").querySelector(`[data-call-sid=${detail.callSid}]`);
  if (button && !button.textContent.endsWith("✓")) button.textContent += " ✓";
});
