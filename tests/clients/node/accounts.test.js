'use strict';
// Settings, subaccounts and API keys.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, version, voice, scratch, connect, refused, sids } = require('./setup');

const child = manifest.subaccount.account_sid;
const below = connect(child, manifest.subaccount.auth_token);
const flags = (settings) => [settings.advancedFeatures, settings.voiceTrace];

test('settings', async () => {
  const settings = voice.settings();
  const got = await settings.fetch();
  assert.equal(got.accountSid, manifest.parent.account_sid);
  assert.equal(got.url, `${manifest.url}/v1/Voice/Settings`);
  assert.deepEqual(flags(got), [true, false]);
  try {
    assert.deepEqual(flags(await settings.update({ voiceTrace: true })), [true, true]);
    assert.deepEqual(flags(await settings.update()), [true, true]);
    assert.deepEqual(flags(await settings.update({ advancedFeatures: false })), [false, true]);
    assert.deepEqual(flags(await settings.fetch()), [false, true]);
  } finally {
    assert.deepEqual(flags(await settings.update({ advancedFeatures: true, voiceTrace: false })), [true, false]);
  }
});

test('settings of a subaccount', async () => {
  try {
    const changed = await voice.settings().update({ voiceTrace: true, subaccountSid: child });
    assert.deepEqual([changed.accountSid, changed.voiceTrace], [child, true]);
    assert.equal((await voice.settings().fetch({ subaccountSid: child })).voiceTrace, true);
    assert.equal((await below.settings().fetch()).voiceTrace, true);
    assert.equal((await voice.settings().fetch()).voiceTrace, false);
  } finally {
    await voice.settings().update({ voiceTrace: false, subaccountSid: child });
  }
});

test('a parent reads and annotates a call below', async () => {
  const sid = manifest.subaccount_calls[`node${version}`];
  assert.equal((await voice.calls(sid).fetch()).sid, sid);
  assert.equal((await voice.calls(sid).summary().fetch()).accountSid, child);
  const updated = await voice.calls(sid).annotation().update({ comment: 'from above' });
  assert.deepEqual([updated.accountSid, updated.comment], [child, 'from above']);
  assert.equal((await below.calls(sid).annotation().fetch()).comment, 'from above');
});

test('a list shows one account at a time', async () => {
  const children = Object.values(manifest.subaccount_calls).sort();
  assert.deepEqual(sids(await voice.callSummaries.list({ startTime: '4w', subaccount: child, pageSize: 2 })).sort(), children);
  assert.deepEqual(sids(await below.callSummaries.list({ startTime: '4w' })).sort(), children);
  const own = sids(await voice.callSummaries.list({ startTime: '4w' }));
  assert.ok(!children.some((sid) => own.includes(sid)));
});

test('nothing of the parent exists below', async () => {
  const call = below.calls(manifest.newest_first[0]);
  await refused(404, 20404, () => call.fetch());
  await refused(404, 20404, () => call.summary().fetch());
  await refused(404, 20404, () => call.annotation().fetch());
  await refused(404, 20404, () => call.annotation().update({ callScore: 1 }));
  await refused(404, 20404, () => call.events.list());
  await refused(403, 17000, () => below.callSummaries.list({ subaccount: manifest.parent.account_sid }));
  await refused(403, 17000, () => below.settings().fetch({ subaccountSid: manifest.parent.account_sid }));
});

test('an API key signs in', async () => {
  const { key_sid, secret } = manifest.api_key;
  const keyed = connect(key_sid, secret, { accountSid: manifest.parent.account_sid });
  assert.equal((await keyed.callSummaries.list({ startTime: '3w' })).length, Object.keys(manifest.calls).length);
  assert.equal((await keyed.calls(scratch[1]).annotation().update({ incident: 'by key' })).incident, 'by key');
});
