'use strict';
// The stock Voice SDK, unmodified, makes calls in Chromium; its event gateway is Sidetone, in each of
// the ways of docs/browser.md. What Sidetone says of a call is held to what the page's own getStats
// said to the SDK.
// usage: node main.js URL CERTIFICATE KEY, with ACCOUNT_SID, AUTH_TOKEN, KEY_SID, KEY_SECRET set

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const { chromium } = require('playwright-core');
const { AccessToken } = require('twilio').jwt;
const gateway = require('./gateway');

const [url, certificate, key] = process.argv.slice(2);
const { ACCOUNT_SID, AUTH_TOKEN, KEY_SID, KEY_SECRET } = process.env;
const tls = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
const host = new URL(url).host;
const sdk = require.resolve('@twilio/voice-sdk').replace(/(.*@twilio.voice-sdk).*/, '$1/dist/twilio.min.js');

/** How the page sends the SDK's events to Sidetone, and how long it talks. */
const WAYS = [
  { name: 'a name that leads here', seconds: 14, eventgw: 'eventgw.twilio.com' },
  { name: 'a line in the page', seconds: 4, eventgw: host, isPinned: true },
  { name: 'a copy', seconds: 4, eventgw: 'elsewhere.invalid', copiesTo: url },
];

function token() {
  const made = new AccessToken(ACCOUNT_SID, KEY_SID, KEY_SECRET, { identity: 'alice', ttl: 600 });
  made.addGrant(new AccessToken.VoiceGrant({ outgoingApplicationSid: `AP${'0'.repeat(32)}` }));
  return made.toJwt();
}

/** Serves the two pages: the caller's has the SDK. */
function pages() {
  const server = http.createServer((request, answer) => {
    const isSdk = request.url === '/twilio.js';
    answer.writeHead(200, { 'Content-Type': isSdk ? 'text/javascript' : 'text/html' });
    answer.end(isSdk ? fs.readFileSync(sdk) : '<!doctype html><title>call</title><script src="/twilio.js"></script>');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://localhost:${server.address().port}`)));
}

/** In the far end's page: answers an offer. */
async function answerOffer(sdp) {
  const connection = (window.connection = new RTCPeerConnection());
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  await connection.setRemoteDescription({ type: 'offer', sdp });
  await connection.setLocalDescription(await connection.createAnswer());
  await new Promise((resolve) => {
    const look = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', look);
    look();
    setTimeout(resolve, 2000);
  });
  return connection.localDescription.sdp;
}

/** In the caller's page: keeps what getStats said whenever the SDK asked it. */
function keepStatistics() {
  window.statistics = [];
  const ask = RTCPeerConnection.prototype.getStats;
  RTCPeerConnection.prototype.getStats = async function getStats(...args) {
    const report = await ask.apply(this, args);
    const found = (type) => [...report.values()].find((it) => it.type === type && it.kind === 'audio') ?? {};
    const [inbound, outbound] = [found('inbound-rtp'), found('outbound-rtp')];
    window.statistics.push({
      received: inbound.packetsReceived, lost: inbound.packetsLost, jitter: inbound.jitter,
      sent: outbound.packetsSent, bytes: inbound.bytesReceived,
    });
    return report;
  };
}

/** In the caller's page: one call. The samples are those that the SDK shows to its page. */
async function call({ token, seconds, chunderw, eventgw, isPinned, copiesTo }) {
  if (copiesTo) {
    const fetched = window.fetch;
    window.fetch = (to, options) => {
      const found = /^https:\/\/[^/]+(\/v4\/Endpoint.*)$/.exec(to);
      if (found) fetched(copiesTo + found[1], options).catch(() => {});
      return fetched(to, options);
    };
  }
  const device = new Twilio.Device(token, { appName: 'test', appVersion: '1', logLevel: 5, chunderw, eventgw });
  if (isPinned) device._publisher.setHost = () => {};
  const call = await device.connect({ params: { To: 'client:bob' } });
  const samples = [];
  call.on('sample', (sample) => samples.push({ ...sample, statistics: window.statistics.at(-1) }));
  await new Promise((resolve, reject) => {
    call.on('accept', resolve);
    call.on('error', reject);
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await call.postFeedback(4, 'choppy-audio');
  call.disconnect();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return { sid: call.parameters.CallSid, samples };
}

async function ask(path) {
  const basic = Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64');
  const answer = await fetch(url + path, { headers: { Authorization: `Basic ${basic}` } });
  return answer.ok ? answer.json() : null;
}

/** The summary, as soon as it has what the call ended with: the SDK posts its last measurements and
 * what happened in requests of their own, and none waits for the other. */
async function summary(sid, { received }) {
  let found = null;
  for (let tries = 0; tries < 60; tries += 1) {
    found = await ask(`/v1/Voice/${sid}/Summary?ProcessingState=all`);
    const isEnded = found?.call_state === 'completed' && found.sdk_edge.events.feedback;
    if (isEnded && found.sdk_edge.metrics?.inbound?.packets_received >= received) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`no whole summary of ${sid}, whose page received ${received} packets: ${JSON.stringify(found)}`);
}

/** The SDK's formula. Loss is in percent. */
function mos({ rtt, jitter, packetsLostFraction: loss }) {
  const latency = rtt + 2 * jitter + 10;
  const rating = latency < 160 ? 94.768 - latency / 40 : latency < 1000 ? 94.768 - (latency - 120) / 10 : 0;
  const left = loss <= rating / 2.5 ? Math.max(rating - 2.5 * loss, 6.52) : 0;
  return 1 + 0.035 * left + 0.000007 * left * (left - 60) * (100 - left);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const close = (found, expected, by, what) =>
  assert.ok(Math.abs(found - expected) <= by, `${what}: ${found}, the page says ${expected}`);

async function check({ sid, samples: shown }) {
  // A sample that was under way when the page hung up is shown to it, and comes too late to be posted.
  const { sdk_edge: edge, from, call_type: type } = await summary(sid, shown.at(-2).statistics);
  const { inbound, outbound } = edge.metrics;
  const isPosted = shown.at(-1).statistics.received <= inbound.packets_received;
  const samples = isPosted ? shown : shown.slice(0, -1);
  const last = samples.at(-1).statistics;
  assert.ok(last.received > 50, 'nothing was heard');
  assert.equal(inbound.packets_received, last.received);
  assert.equal(inbound.packets_lost, last.lost);
  assert.equal(inbound.bytes_received, last.bytes);
  assert.equal(outbound.packets_sent, last.sent);
  close(inbound.packets_loss_percentage, (100 * last.lost) / (last.lost + last.received), 1e-9, 'loss');
  const packets = samples.map((it) => it.packetsReceived);
  const weighed = samples.map((it, n) => it.statistics.jitter * 1000 * packets[n]);
  const total = packets.reduce((sum, value) => sum + value, 0);
  // The SDK rounds each to a millisecond.
  close(inbound.jitter.avg, weighed.reduce((sum, value) => sum + value, 0) / total, 0.5, 'jitter');
  const scored = samples.filter((it) => it.mos !== null);
  if (scored.length > 0) {
    assert.equal(inbound.mos_method, 'sdk');
    close(inbound.mos.avg, mean(scored.map(mos)), 0.0051, 'MOS');
  }
  assert.equal(from.caller, 'client:alice');
  assert.equal(type, 'client');
  const feedback = await ask(`/2010-04-01/Accounts/${ACCOUNT_SID}/Calls/${sid}/Feedback.json`);
  assert.deepEqual([feedback.quality_score, feedback.issues], [4, ['imperfect-audio']]);
  return `${last.received} packets in, ${last.sent} out, ${last.lost} lost, ${samples.length} samples`;
}

async function main() {
  const site = await pages();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required', '--disable-features=WebRtcHideLocalIpsWithMdns',
      // Whatever else is asked for is nowhere.
      `--host-resolver-rules=MAP eventgw.twilio.com:443 ${host} , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost`,
    ],
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ['microphone'] });
  context.setDefaultTimeout(60_000);
  const far = await context.newPage();
  await far.goto(`${site}/far`);
  const port = await gateway.serve(tls, (offer) => far.evaluate(answerOffer, offer));
  for (const { name, ...way } of WAYS) {
    const near = await context.newPage();
    await near.addInitScript(keepStatistics);
    await near.goto(`${site}/near`);
    const chunderw = `127.0.0.1:${port}`;
    const made = await near.evaluate(call, { ...way, chunderw, token: token() });
    console.log(`${name}: ${await check(made)}`);
    await near.close();
  }
  await browser.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
