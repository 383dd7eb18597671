'use strict';
// What the library rejects with.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, voice, scratch, connect, refused } = require('./setup');

test('unknown call', async () => {
  for (const sid of [manifest.unknown, `CA${'X'.repeat(32)}`, 'nonsense']) {
    const call = voice.calls(sid);
    await refused(404, 20404, () => call.fetch());
    await refused(404, 20404, () => call.summary().fetch());
    await refused(404, 20404, () => call.summary().fetch({ processingState: 'partial' }));
    await refused(404, 20404, () => call.annotation().fetch());
    await refused(404, 20404, () => call.annotation().update({ callScore: 3 }));
    await refused(404, 20404, () => call.events.list());
    await refused(404, 20404, () => call.metrics.list());
  }
});

test('a running call has no complete summary', async () => {
  const summary = voice.calls(manifest.running[0]).summary();
  await refused(404, 17001, () => summary.fetch());
  await refused(404, 17001, () => summary.fetch({ processingState: 'complete' }));
});

test('refused annotation changes nothing', async (t) => {
  const annotation = voice.calls(scratch[3]).annotation();
  for (const wrong of [{ callScore: 7 }, { callScore: 0 }, { callScore: 'good' }, { answeredBy: 'robot' },
    { connectivityIssue: 'echo' }, { qualityIssues: 'echo,one_way_audio' }, { spam: 'perhaps' },
    { comment: 'x'.repeat(101) }, { incident: 'é'.repeat(101) }]) {
    await t.test(JSON.stringify(wrong), async () => {
      await refused(400, 20001, () => annotation.update({ comment: 'half of a refused update', ...wrong }));
      assert.equal((await annotation.fetch()).comment, null);
    });
  }
});

test('refused filter', async (t) => {
  for (const wrong of [{ startTime: 'yesterday' }, { endTime: '4x' }, { callType: 'carrier,pigeon' },
    { callState: 'asleep' }, { direction: 'upwards' }, { processingState: 'done' }, { sortBy: 'colour' },
    { hasTag: 'perhaps' }, { pageToken: 'not-a-token' }]) {
    await t.test(JSON.stringify(wrong), () => refused(400, 17400, () => voice.callSummaries.page(wrong)));
  }
});

test('refused edge and direction', async () => {
  const call = voice.calls(manifest.detailed.call_sid);
  await refused(400, 17400, () => call.events.list({ edge: 'cliff_edge' }));
  await refused(400, 17400, () => call.metrics.list({ edge: 'cliff_edge' }));
  await refused(400, 17400, () => call.metrics.list({ direction: 'upwards' }));
});

test('wrong credentials', async () => {
  for (const [user, password] of [[manifest.parent.account_sid, 'wrong'],
    [`AC${'0'.repeat(32)}`, manifest.parent.auth_token], [manifest.api_key.key_sid, 'wrong']]) {
    const stranger = connect(user, password, { accountSid: manifest.parent.account_sid });
    const call = stranger.calls(manifest.newest_first[0]);
    await refused(401, 20003, () => call.fetch());
    await refused(401, 20003, () => call.summary().fetch());
    await refused(401, 20003, () => call.annotation().update({ callScore: 1 }));
    await refused(401, 20003, () => stranger.settings().fetch());
    await refused(401, 20003, () => stranger.callSummaries.list());
  }
});
