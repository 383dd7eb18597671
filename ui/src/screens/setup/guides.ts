// What to write where, so that calls come: for each source, as docs/sources tells it.

export interface Context {
  /** Where this server is reached, without a slash at the end. */
  base: string;
  /** Host and port that HEP is sent to. */
  hep: string;
  hepHost: string;
  hepPort: string;
  account: string;
}

export interface Guide {
  id: string;
  name: string;
  /** What it tells of calls. */
  gives: string;
  /** What `GET /v1/Voice/Sources` calls the doors that it comes in by. */
  doors: string[];
  isHep?: boolean;
  steps: { where: string; text: (it: Context) => string }[];
  note?: string;
}

export const GUIDES: Guide[] = [
  {
    id: "kamailio", name: "Kamailio", gives: "signalling", doors: ["hep"], isHep: true,
    steps: [{
      where: "kamailio.cfg",
      text: (it) => `loadmodule "siptrace.so"
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "trace_mode", 1)
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "hep_capture_id", 101)
modparam("siptrace", "duplicate_uri", "sip:${it.hep}")`,
    }],
    note: "Then rtpengine for quality: signalling alone says nothing about the sound.",
  },
  {
    id: "rtpengine", name: "rtpengine", gives: "loss, jitter, round trip", doors: ["hep"], isHep: true,
    steps: [{ where: "rtpengine.conf", text: (it) => `homer = ${it.hep}\nhomer-protocol = udp\nhomer-id = 2002` }],
    note: "Its reports name the Call-ID, so they find their calls by themselves.",
  },
  {
    id: "opensips", name: "OpenSIPS", gives: "signalling", doors: ["hep"], isHep: true,
    steps: [
      {
        where: "opensips.cfg",
        text: (it) => `loadmodule "proto_hep.so"
loadmodule "tracer.so"
socket = hep_udp:127.0.0.1:6060
modparam("proto_hep", "hep_id", "[sidetone] ${it.hep}; transport=udp; version=3")
modparam("proto_hep", "hep_capture_id", 102)
modparam("tracer", "trace_id", "[quality]uri=hep:sidetone")`,
      },
      { where: "in the route of requests", text: () => `if (is_method("INVITE") && !has_totag()) {\n    trace("quality", "d", "sip");\n}` },
    ],
  },
  {
    id: "asterisk", name: "Asterisk", gives: "signalling and RTCP; CDR over HTTP", doors: ["hep"], isHep: true,
    steps: [{
      where: "hep.conf",
      text: (it) => `[general]
enabled = yes
capture_address = ${it.hep}
capture_id = 200
capture_name = pbx.example.com
uuid_type = call-id`,
    }],
    note: "For CDR as well, docs/sources/asterisk.md has the hangup handler.",
  },
  {
    id: "freeswitch", name: "FreeSWITCH", gives: "CDR with media statistics; signalling", doors: ["freeswitch"],
    steps: [
      {
        where: "autoload_configs/json_cdr.conf.xml",
        text: (it) => `<configuration name="json_cdr.conf" description="JSON CDR">
  <settings>
    <param name="log-b-leg" value="true"/>
    <param name="prefix-a-leg" value="false"/>
    <param name="url" value="${it.base}/ingest/v1/cdr/freeswitch"/>
    <param name="auth-scheme" value="basic"/>
    <param name="cred" value="SK…:secret"/>
    <param name="encode" value="false"/>
    <param name="encode-values" value="false"/>
    <param name="retries" value="5"/>
    <param name="err-log-dir" value="/var/log/freeswitch/json_cdr"/>
  </settings>
</configuration>`,
      },
      { where: "sofia.conf.xml, for signalling", text: (it) => `<param name="capture-server" value="udp:${it.hep};hep=3;capture_id=100"/>` },
      { where: "in each profile", text: () => `<param name="sip-capture" value="yes"/>` },
    ],
    note: "Make a key for “cred” under Accounts and keys: it can be revoked alone.",
  },
  {
    id: "agents", name: "heplify, captagent", gives: "signalling and RTCP off the wire", doors: ["hep"], isHep: true,
    steps: [
      { where: "heplify, on the host that sees the traffic", text: (it) => `heplify -i eth0 -m SIPRTCP -hs ${it.hep} -hi 103` },
      {
        where: "captagent, transport_hep.xml",
        text: (it) => `<param name="version" value="3"/>
<param name="capture-host" value="${it.hepHost}"/>
<param name="capture-port" value="${it.hepPort}"/>
<param name="capture-proto" value="udp"/>
<param name="capture-id" value="104"/>`,
      },
    ],
  },
  {
    id: "twilio", name: "Twilio", gives: "summaries and events as Twilio has them", doors: ["event-streams", "status-callback"],
    steps: [
      { where: "Event Streams: webhook sink", text: (it) => `${it.base}/ingest/v1/event-streams?AccountSid=${it.account}` },
      { where: "status callback of a number, or of calls", text: (it) => `${it.base}/ingest/v1/status-callback` },
      { where: "once on the server, so that signatures can be checked", text: () => "sidetone account provider-secret --help" },
    ],
    note: "The URL must be the one that Twilio calls: set public_url behind a proxy.",
  },
  {
    id: "callbacks", name: "jambonz, SignalWire, Somleng", gives: "states, durations, causes", doors: ["status-callback"],
    steps: [{ where: "status callback", text: (it) => `${it.base.replace("://", "://SK…:secret@")}/ingest/v1/status-callback` }],
    note: "With the credentials of a key in the URL, unless they sign as Twilio does.",
  },
  {
    id: "browser", name: "Browser: WebRTC", gives: "what the page measures: loss, jitter, MOS", doors: ["voice-sdk"],
    steps: [
      { where: "your server makes a token for one call", text: (it) => `curl -u ${it.account}:$SIDETONE_AUTH_TOKEN \\\n  ${it.base}/v1/Voice/CA…/Token -d Grant=observe` },
      { where: "your page", text: (it) => `import { observe } from "${it.base}/sdk/sidetone.js";\n\nobserve(peerConnection, { callSid, token });` },
    ],
  },
  {
    id: "own", name: "Your own software", gives: "whatever it knows", doors: ["native"],
    steps: [{
      where: "a line for each event",
      text: (it) => {
        const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19);
        return `curl -u ${it.account}:$SIDETONE_AUTH_TOKEN ${it.base}/ingest/v1/events \\
  -H 'Content-Type: application/x-ndjson' --data-binary @- <<'EOF'
{"call_sid":"my-first-call","at":"${at(-60)}Z","kind":"progress","step":"initiated","facts":{"direction":"outbound_api","call_type":"carrier","from":{"address":"+12025550143"},"to":{"address":"+12025550176"}}}
{"call_sid":"my-first-call","at":"${at(-10)}Z","kind":"progress","step":"completed"}
EOF`;
      },
    }],
    note: "docs/ingest.md and docs/schema/call-event.schema.json have every member.",
  },
];

/** Where HEP is to be sent: nobody can send to `0.0.0.0`. */
export function contextOf(origin: string, account: string, told: { hep: { udp: string | null; tcp: string | null }; public_url: string | null }): Context {
  const base = (told.public_url ?? origin).replace(/\/$/, "");
  const bound = told.hep.udp ?? told.hep.tcp ?? ":9060";
  const port = /:(\d+)$/.exec(bound)?.[1] ?? "9060";
  const host = bound.slice(0, bound.length - port.length - 1);
  const hepHost = /^(0\.0\.0\.0|\[::\]|)$/.test(host) ? new URL(base).hostname : host;
  return { base, hep: `${hepHost}:${port}`, hepHost, hepPort: port, account };
}
