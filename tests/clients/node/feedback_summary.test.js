'use strict';
// FeedbackSummary: what the feedback of some days adds up to.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, version, core, client, below, mine, refused } = require('./setup');

const child = manifest.subaccount.account_sid;
const summaries = client.calls.feedbackSummaries;
const day = new Date(`${mine.day}T00:00:00Z`);
const days = (count) => new Date(day.getTime() + count * 86_400_000);

async function finished(list, sid) {
  for (const end = Date.now() + 15_000; ;) {
    const got = await list(sid).fetch();
    if (!['queued', 'in-progress'].includes(got.status)) return got;
    assert.ok(Date.now() < end, `still ${got.status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** 3.x makes numbers of the scores, 4.0.0 hands out the text. */
function score(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  assert.equal(typeof value, version === 3 ? 'number' : 'string');
  return Math.round(Number(value) * 1e6) / 1e6;
}

const figures = (got) => [got.callCount ?? null, got.callFeedbackCount ?? null, score(got.qualityScoreAverage),
  score(got.qualityScoreMedian), score(got.qualityScoreStandardDeviation)];
const issues = (got) => Object.fromEntries(
  got.issues.map((row) => [row.description, [row.count, row.percentage_of_total_calls]]),
);

// A day of five calls and two below; three and one of them are rated.
test.before(async () => {
  const said = [[1, ['imperfect-audio', 'dropped-call']], [4, ['dropped-call']], [3, []]];
  for (const [n, [qualityScore, issue]] of said.entries()) {
    await client.calls(mine.summed[n]).feedback().update({ qualityScore, issue });
  }
  await below.calls(mine.summed_below[1]).feedback().update({ qualityScore: 5, issue: ['one-way-audio'] });
});

test('create, fetch, remove', async () => {
  const before = Date.now() - 2000;
  const job = await summaries.create({ startDate: day, endDate: day });
  assert.equal(client.httpClient.lastResponse.statusCode, 201);
  assert.deepEqual([job.status, job.issues, figures(job)], ['queued', [], [null, null, null, null, null]]);
  assert.ok(job.dateCreated instanceof Date && job.dateCreated >= before && job.dateCreated <= Date.now());
  assert.deepEqual(job.dateUpdated, job.dateCreated);

  const done = await finished(summaries, job.sid);
  assert.equal(done.status, 'completed');
  for (const got of [job, done, await job.fetch()]) {
    assert.match(got.sid, /^FS[0-9a-f]{32}$/);
    assert.deepEqual([got.sid, got.accountSid], [job.sid, manifest.parent.account_sid]);
    assert.deepEqual([got.startDate, got.endDate, got.includeSubaccounts], [day, day, false]);
    assert.deepEqual(got.dateCreated, job.dateCreated);
    assert.ok(got.dateUpdated >= got.dateCreated && got.dateUpdated <= Date.now());
  }
  assert.deepEqual(figures(done), [5, 3, 2.666667, 3, 1.247219]);
  assert.deepEqual(issues(done), { 'imperfect-audio': [1, '20.0%'], 'dropped-call': [2, '40.0%'] });

  assert.equal(await summaries(job.sid).remove(), true);
  await refused(404, 20404, () => summaries(job.sid).fetch());
  await refused(404, 20404, () => job.fetch());
  await refused(404, 20404, () => summaries(job.sid).remove());
});

test('days are inclusive, and subaccounts count when asked', async () => {
  for (const around of [0, 1]) {
    const endDate = days(around).toISOString().slice(0, 10);
    const job = await summaries.create({ startDate: days(-around), endDate, includeSubaccounts: true });
    const done = await finished(summaries, job.sid);
    assert.equal(done.includeSubaccounts, true);
    assert.deepEqual(figures(done), [7, 4, 3.25, 3.5, 1.47902]);
    assert.deepEqual(issues(done), {
      'imperfect-audio': [1, '14.29%'], 'dropped-call': [2, '28.57%'], 'one-way-audio': [1, '14.29%'],
    });
    assert.equal(await job.remove(), true);
  }
  const own = await summaries.create({ startDate: day, endDate: day, includeSubaccounts: false });
  assert.deepEqual(figures(await finished(summaries, own.sid)).slice(0, 2), [5, 3]);
  const beside = await summaries.create({ startDate: days(1), endDate: days(1), includeSubaccounts: true });
  const done = await finished(summaries, beside.sid);
  assert.deepEqual([done.issues, figures(done)], [[], [0, 0, null, null, null]]);
});

test('a parent sums up below', async () => {
  const list = client.api.accounts(child).calls.feedbackSummaries;
  const job = await list.create({ startDate: day, endDate: day });
  assert.equal(job.accountSid, child);
  const done = await finished(list, job.sid);
  assert.deepEqual(figures(done), [2, 1, 5, 5, 0]);
  assert.deepEqual(issues(done), { 'one-way-audio': [1, '50.0%'] });
  const theirs = below.calls.feedbackSummaries;
  assert.deepEqual(figures(await theirs(job.sid).fetch()), figures(done));
  // In the path of another account there is no such summary.
  await refused(404, 20404, () => summaries(job.sid).fetch());
  await refused(404, 20404, () => summaries(job.sid).remove());
  assert.equal(await theirs(job.sid).remove(), true);
  await refused(404, 20404, () => list(job.sid).fetch());
});

test('nothing of the parent exists below', async () => {
  const job = await summaries.create({ startDate: day, endDate: day });
  const above = below.api.accounts(manifest.parent.account_sid).calls.feedbackSummaries;
  await refused(404, 20404, () => above.create({ startDate: day, endDate: day }));
  for (const list of [above, below.calls.feedbackSummaries]) {
    await refused(404, 20404, () => list(job.sid).fetch());
    await refused(404, 20404, () => list(job.sid).remove());
  }
  assert.equal((await summaries(job.sid).fetch()).sid, job.sid);
});

test('unknown summary', async () => {
  for (const sid of [`FS${'0'.repeat(32)}`, `FS${'X'.repeat(32)}`, 'nonsense']) {
    await refused(404, 20404, () => summaries(sid).fetch());
    await refused(404, 20404, () => summaries(sid).remove());
  }
});

test('refused summary', async (t) => {
  for (const wrong of [{ startDate: '2026-02-31', endDate: '2026-03-31' }, { endDate: '2026-06-31' },
    { startDate: 'yesterday' }, { startDate: '2026-06-02' }, { startDate: '' }, { endDate: '' },
    { startDate: '01-06-2026' }, { includeSubaccounts: 'perhaps' }, { statusCallback: 'nonsense' },
    { statusCallback: 'ftp://example.com/done' }, { statusCallback: 'https://user@example.com/done' },
    { statusCallback: 'https://example.com/done', statusCallbackMethod: 'PUT' }]) {
    await t.test(JSON.stringify(wrong), () => refused(400, 20001, () => summaries.create({
      startDate: '2026-06-01', endDate: new Date('2026-06-01T00:00:00Z'), ...wrong,
    })));
  }
});

test('wrong credentials', async () => {
  const job = await summaries.create({ startDate: day, endDate: day });
  const list = core(manifest.parent.account_sid, 'wrong').calls.feedbackSummaries;
  await refused(401, 20003, () => list.create({ startDate: day, endDate: day }));
  await refused(401, 20003, () => list(job.sid).fetch());
  await refused(401, 20003, () => list(job.sid).remove());
});
