// What a contact centre has anyway: a backend that knows its agents, makes calls, and tells Sidetone
// of them. It alone has Sidetone's credentials; the browser gets a token for one call.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";

const sidetone = process.env.SIDETONE_URL ?? "http://127.0.0.1:8080";
const account = process.env.SIDETONE_ACCOUNT_SID;
const credentials = Buffer.from(`${account}:${process.env.SIDETONE_AUTH_TOKEN}`).toString("base64");
const port = Number(process.env.PORT ?? 3000);

const FILES = ["index.html", "desktop.css", "desktop.js", "phone.js"];
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript" };
// As strict as a page with other people's data should be.
const POLICY =
  `default-src 'none'; script-src 'self' ${sidetone}; style-src 'self'; ` +
  `connect-src 'self' ${sidetone}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

async function ask(path, form) {
  const answer = await fetch(sidetone + path, {
    method: "POST",
    headers: { Authorization: `Basic ${credentials}` },
    body: new URLSearchParams(form),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

// A telephony platform sends these by itself: its StatusCallback URL is Sidetone's.
function tell(callSid, status, more = {}) {
  const call = { AccountSid: account, CallSid: callSid, CallStatus: status, Direction: "outbound-api" };
  return ask("/ingest/v1/status-callback", { ...call, ...more });
}

function token(callSid) {
  const grants = ["annotate", "observe"].map((grant) => ["Grant", grant]);
  return ask(`/v1/Voice/${callSid}/Token`, [...grants, ["Identity", "agent-1"], ["Ttl", "3600"]]);
}

const CALL = /^\/calls\/(CA[0-9a-f]{32})\/(status|token)$/;

/** Who may call this is for the application to decide: here, whoever reaches the port. */
async function api(path, body) {
  if (path === "/calls") {
    const callSid = `CA${randomBytes(16).toString("hex")}`;
    await tell(callSid, "initiated", { From: "client:agent-1", To: String(body.to) });
    return { callSid, ...(await token(callSid)) };
  }
  const [, callSid, what] = CALL.exec(path) ?? [];
  if (what === "token") return token(callSid);
  if (what === "status" && ["in-progress", "completed", "failed"].includes(body.status)) {
    await tell(callSid, body.status);
    return {};
  }
  return null;
}

async function read(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 10_000) throw new Error("the body is too long");
  }
  return JSON.parse(text || "{}");
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://desktop");
  const send = (status, type, body) =>
    response
      .writeHead(status, { "Content-Type": type, "Content-Security-Policy": POLICY })
      .end(body);
  try {
    if (request.method === "POST") {
      const answer = await api(pathname, await read(request));
      return send(answer ? 200 : 404, "application/json", JSON.stringify(answer));
    }
    if (pathname === "/settings") return send(200, "application/json", JSON.stringify({ sidetone }));
    const file = pathname === "/" ? "index.html" : pathname.slice(1);
    if (!FILES.includes(file)) return send(404, "text/plain", "not found");
    send(200, TYPES[extname(file)], await readFile(new URL(file, import.meta.url)));
  } catch (error) {
    console.error(String(error));
    send(502, "application/json", JSON.stringify({ message: "the call server failed" }));
  }
});
server.listen(port, "127.0.0.1", () => {
  console.log(`desktop on http://localhost:${server.address().port}`);
});
