'use strict';
// Call Feedback: what a person said about one call. 3.x has a verb to create it, 4.0.0 creates by an update.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, version, core, client, below, mine, refused } = require('./setup');

const ISSUES = ['imperfect-audio', 'dropped-call', 'incorrect-caller-id', 'post-dial-delay', 'digits-not-captured',
  'audio-latency', 'unsolicited-call', 'one-way-audio'];

const create = (feedback, options) => (version === 3 ? feedback.create(options) : feedback.update(options));
// The library keeps the answer before; only there can 201 be told from 200.
const status = () => client.httpClient.lastResponse.statusCode;
const said = (got) => [got.qualityScore, got.issues];

test('create, fetch, update', async () => {
  const sid = mine.rated[0];
  const feedback = client.calls(sid).feedback();
  const before = Date.now() - 2000;
  const first = await create(feedback, { qualityScore: 2, issue: ['one-way-audio', 'dropped-call', 'one-way-audio'] });
  assert.equal(status(), 201);
  assert.deepEqual(said(first), [2, ['one-way-audio', 'dropped-call']]);
  assert.deepEqual([first.sid, first.accountSid], [sid, manifest.parent.account_sid]);
  assert.ok(first.dateCreated instanceof Date && first.dateCreated >= before && first.dateCreated <= Date.now());
  assert.deepEqual(first.dateUpdated, first.dateCreated);

  async function follows(promise, score, issues) {
    const got = await promise;
    assert.equal(status(), 200);
    assert.deepEqual(said(got), [score, issues]);
    assert.deepEqual([got.sid, got.dateCreated], [sid, first.dateCreated]);
    assert.ok(got.dateUpdated >= first.dateCreated && got.dateUpdated <= Date.now());
  }
  await follows(feedback.fetch(), 2, ['one-way-audio', 'dropped-call']);
  await follows(first.fetch(), 2, ['one-way-audio', 'dropped-call']);
  await follows(feedback.update({ qualityScore: 4 }), 4, ['one-way-audio', 'dropped-call']);
  await follows(feedback.update({ issue: ['audio-latency'] }), 4, ['audio-latency']);
  await follows(feedback.update(), 4, ['audio-latency']);
  await follows(feedback.update({ issue: [''] }), 4, []);
  await follows(first.update({ issue: 'post-dial-delay' }), 4, ['post-dial-delay']);
  await follows(feedback.update({ qualityScore: 1, issue: [...ISSUES].reverse() }), 1, [...ISSUES].reverse());
  await follows(create(feedback, { qualityScore: 5, issue: ['unsolicited-call'] }), 5, ['unsolicited-call']);
  await follows(create(first, { qualityScore: 3 }), 3, ['unsolicited-call']);
  await follows(feedback.fetch(), 3, ['unsolicited-call']);
});

test('callbacks instead of promises', async () => {
  const feedback = client.calls(mine.rated[1]).feedback();
  const called = (action) => new Promise((resolve, reject) => {
    action((error, got) => (error ? reject(error) : resolve(got)));
  });
  await create(feedback, { qualityScore: 1 });
  assert.equal((await called((done) => feedback.fetch(done))).qualityScore, 1);
  assert.equal((await called((done) => feedback.update({ qualityScore: 4 }, done))).qualityScore, 4);
  await refused(404, 20404, () => called((done) => client.calls(manifest.unknown).feedback().fetch(done)));
});

test('every value', async () => {
  const feedback = client.calls(mine.rated[1]).feedback();
  for (const score of [1, 2, 3, 4, 5]) assert.equal((await create(feedback, { qualityScore: score })).qualityScore, score);
  for (const issue of ISSUES) assert.deepEqual((await feedback.update({ issue: [issue] })).issues, [issue]);
});

test('a running call can be rated', async () => {
  assert.equal((await create(client.calls(manifest.running[2]).feedback(), { qualityScore: 4 })).qualityScore, 4);
});

test('no feedback without a score', async () => {
  const feedback = client.calls(mine.rated[2]).feedback();
  await refused(404, 20404, () => feedback.fetch());
  await refused(400, 20001, () => feedback.update());
  await refused(400, 20001, () => feedback.update({ issue: ['dropped-call'] }));
  await refused(400, 20001, () => create(feedback, { qualityScore: '' }));
  await refused(404, 20404, () => feedback.fetch());
});

test('refused feedback changes nothing', async (t) => {
  const feedback = client.calls(mine.rated[3]).feedback();
  await create(feedback, { qualityScore: 3, issue: ['digits-not-captured'] });
  for (const wrong of [{ qualityScore: 0 }, { qualityScore: 6 }, { qualityScore: 4.5 }, { qualityScore: 'good' },
    { issue: ['echo'] }, { issue: ['audio-latency', 'Dropped-Call'] }, { issue: 'dropped-call,audio-latency' }]) {
    await t.test(JSON.stringify(wrong), async () => {
      await refused(400, 20001, () => feedback.update({ qualityScore: 5, issue: ['audio-latency'], ...wrong }));
      assert.deepEqual(said(await feedback.fetch()), [3, ['digits-not-captured']]);
    });
  }
});

test('unknown call', async () => {
  for (const sid of [manifest.unknown, `CA${'X'.repeat(32)}`, 'nonsense']) {
    const feedback = client.calls(sid).feedback();
    await refused(404, 20404, () => feedback.fetch());
    await refused(404, 20404, () => feedback.update({ qualityScore: 3 }));
    await refused(404, 20404, () => create(feedback, { qualityScore: 3, issue: ['dropped-call'] }));
  }
});

test('a parent rates a call below', async () => {
  const [sid, other] = mine.rated_below;
  const child = manifest.subaccount.account_sid;
  const got = await create(client.api.accounts(child).calls(sid).feedback(), { qualityScore: 4, issue: ['imperfect-audio'] });
  assert.equal(status(), 201);
  assert.deepEqual([got.accountSid, got.sid], [child, sid]);
  assert.deepEqual(said(await below.calls(sid).feedback().fetch()), [4, ['imperfect-audio']]);
  assert.deepEqual(said(await below.calls(sid).feedback().update({ issue: [''] })), [4, []]);
  // A client that names the account from the start.
  const acting = core(manifest.parent.account_sid, manifest.parent.auth_token, { accountSid: child });
  assert.deepEqual(said(await acting.calls(sid).feedback().fetch()), [4, []]);
  assert.equal((await create(acting.calls(other).feedback(), { qualityScore: 1 })).accountSid, child);
});

test('the path names the account', async () => {
  for (const elsewhere of [client.calls(mine.rated_below[0]), below.calls(mine.rated[0]),
    below.api.accounts(manifest.parent.account_sid).calls(mine.rated[0]),
    client.api.accounts(`AC${'0'.repeat(32)}`).calls(mine.rated[0]),
    client.api.accounts(`AC${'X'.repeat(32)}`).calls(mine.rated[0])]) {
    await refused(404, 20404, () => elsewhere.feedback().fetch());
    await refused(404, 20404, () => elsewhere.feedback().update({ qualityScore: 1 }));
  }
});

test('credentials', async () => {
  const { key_sid, secret } = manifest.api_key;
  const account = { accountSid: manifest.parent.account_sid };
  const keyed = core(key_sid, secret, account).calls(mine.rated[1]).feedback();
  assert.equal((await create(keyed, { qualityScore: 2 })).qualityScore, 2);
  for (const [user, password] of [[manifest.parent.account_sid, 'wrong'], [key_sid, 'wrong']]) {
    const feedback = core(user, password, account).calls(mine.rated[1]).feedback();
    await refused(401, 20003, () => feedback.fetch());
    await refused(401, 20003, () => feedback.update({ qualityScore: 1 }));
  }
});
