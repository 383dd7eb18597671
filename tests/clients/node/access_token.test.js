'use strict';
// Tokens that the official helper makes, at the doors of voice SDKs.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, version, below } = require('./setup');

const { AccessToken } = require(process.env.SIDETONE_CLIENT).jwt;
const sid = `CA${'6e'.repeat(14)}${String(version * 10).padStart(4, '0')}`;
const temporary = `TJS1271fe49-3dc5-4566-bc20-c472c79e${version * 10}`;

// For the subaccount: other suites count the calls of the parent meanwhile.
function token(identity, { secret = manifest.api_key.secret, ttl = 600 } = {}) {
  const made = new AccessToken(manifest.subaccount.account_sid, manifest.api_key.key_sid, secret, { identity, ttl });
  made.identity = identity; // 3.x takes it from there
  made.addGrant(new AccessToken.VoiceGrant({ outgoingApplicationSid: `AP${'0'.repeat(32)}`, incomingAllow: true }));
  return made.toJwt();
}

async function publish(path, jwt, body) {
  const answer = await fetch(manifest.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Twilio-Token': jwt },
    body: JSON.stringify({ level: 'INFO', publisher: 'twilio-js-sdk', timestamp: new Date().toISOString(), ...body }),
  });
  return [answer.status, await answer.json()];
}

const event = (name, names) => ({ group: 'connection', name, payload: { direction: 'OUTGOING', ...names } });

test('a call of its own', async () => {
  const [status, kept] = await publish('/v4/EndpointEvents', token('alice'), event('outgoing', { temp_call_sid: temporary }));
  assert.deepEqual([status, kept.accepted], [200, 2]);
  const both = event('outgoing-ringing', { temp_call_sid: temporary, call_sid: sid });
  assert.equal((await publish('/v4/EndpointEvents', token('alice'), both))[0], 200);
  const [foreign, refusal] = await publish('/v4/EndpointEvents', token('bob'), event('muted', { temp_call_sid: temporary }));
  assert.deepEqual([foreign, refusal.code], [403, 20403]);
  const events = await below.insights.v1.calls(sid).events.list();
  assert.deepEqual(events.map((it) => it.name).sort(), ['outgoing', 'outgoing-ringing']);
});

test('not valid', async () => {
  for (const options of [{ secret: 'of another key' }, { ttl: -100 }]) {
    const [status, refusal] = await publish('/v4/EndpointEvents', token('alice', options), event('outgoing', { temp_call_sid: 'TJS0' }));
    assert.deepEqual([status, refusal.code], [401, 20003]);
  }
});
