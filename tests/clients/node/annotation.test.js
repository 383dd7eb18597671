'use strict';
// Annotation: partial merge, clearing, and its presence in summaries at once.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, version, voice, scratch } = require('./setup');

const FIELDS = ['answeredBy', 'connectivityIssue', 'qualityIssues', 'spam', 'callScore', 'comment', 'incident'];
const EMPTY = Object.fromEntries(FIELDS.map((field) => [field, null]));
const values = (annotation) => Object.fromEntries(FIELDS.map((field) => [field, annotation[field]]));

test('never annotated, and updated without a body', async () => {
  const annotation = voice.calls(scratch[3]).annotation();
  const got = await annotation.fetch();
  assert.deepEqual(values(got), EMPTY);
  assert.deepEqual([got.callSid, got.accountSid], [scratch[3], manifest.parent.account_sid]);
  assert.equal(got.url, `${manifest.url}/v1/Voice/${scratch[3]}/Annotation`);
  assert.deepEqual(values(await annotation.update()), EMPTY);
});

test('partial merge', async () => {
  const annotation = voice.calls(scratch[0]).annotation();
  const expected = {
    answeredBy: 'human', connectivityIssue: 'no_connectivity_issue', qualityIssues: ['echo', 'low_volume'],
    spam: true, callScore: 2, comment: 'A/B Test A', incident: 'https://tickets.example.com/17353089?x=1&y=2',
  };
  assert.deepEqual(values(await annotation.update({
    ...expected, qualityIssues: ' echo, low_volume ,echo,', comment: '  A/B Test A ',
  })), expected);

  Object.assign(expected, { spam: false, qualityIssues: ['static_noise'] });
  assert.deepEqual(values(await annotation.update({ spam: false, qualityIssues: 'static_noise' })), expected);
  assert.deepEqual(values(await annotation.update()), expected);
  assert.deepEqual(values(await annotation.fetch()), expected);

  Object.assign(expected, { comment: null, callScore: null, qualityIssues: null });
  const cleared = values(await annotation.update({ comment: '', callScore: '', qualityIssues: '' }));
  if (cleared.qualityIssues?.length === 0) cleared.qualityIssues = null;
  assert.deepEqual(cleared, expected);
});

test('text of a hundred characters beyond ASCII', async () => {
  const comment = 'é🎧'.repeat(50);
  assert.equal((await voice.calls(scratch[1]).annotation().update({ comment })).comment, comment);
});

test('every value', async () => {
  const annotation = voice.calls(scratch[1]).annotation();
  for (const answeredBy of ['unknown_answered_by', 'human', 'machine']) {
    assert.equal((await annotation.update({ answeredBy })).answeredBy, answeredBy);
  }
  for (const connectivityIssue of ['unknown_connectivity_issue', 'no_connectivity_issue', 'invalid_number', 'caller_id',
    'dropped_call', 'number_reachability']) {
    assert.equal((await annotation.update({ connectivityIssue })).connectivityIssue, connectivityIssue);
  }
  const issues = ['no_quality_issue', 'low_volume', 'choppy_robotic', 'echo', 'dtmf', 'latency', 'owa', 'static_noise'];
  assert.deepEqual((await annotation.update({ qualityIssues: issues.join(',') })).qualityIssues, issues);
  for (const callScore of [1, 2, 3, 4, 5]) assert.equal((await annotation.update({ callScore })).callScore, callScore);
});

test('summaries show it at once', async () => {
  const sid = scratch[2];
  await voice.calls(sid).annotation().update({ answeredBy: 'machine', callScore: 3, spam: true });
  const nested = (await voice.calls(sid).summary().fetch()).annotation;
  assert.deepEqual(nested, {
    account_sid: manifest.parent.account_sid, call_sid: sid, answered_by: 'machine', connectivity_issue: null,
    quality_issues: null, spam: true, call_score: 3, comment: null, incident: null,
  });
  const listed = (await voice.callSummaries.list({ startTime: '4w' })).find((call) => call.callSid === sid);
  if (version === 3) return assert.equal(listed.callSid, sid); // 3.x drops annotations from the records of a list
  const { answered_by, call_score, spam } = listed.annotation;
  assert.deepEqual([answered_by, call_score, spam], ['machine', 3, true]);
  assert.ok(!('url' in listed.annotation));
});

test('a running call can be annotated', async () => {
  const call = voice.calls(manifest.running[0]);
  assert.equal((await call.annotation().update({ comment: 'still talking' })).comment, 'still talking');
  assert.equal((await call.summary().fetch({ processingState: 'partial' })).annotation.comment, 'still talking');
});
