'use strict';
// Summaries: every filter that this version of the library knows, and paging.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const test = require('node:test');
const { library, manifest, voice, sids } = require('./setup');

const argument = (name) => name[0].toLowerCase() + name.slice(1);
const rows = manifest.filters.map((row) => ({
  ...row,
  options: Object.fromEntries(Object.entries(row.params).map(([name, value]) => [argument(name), value])),
}));

/** The library has no list of its filters to read, so it is asked which ones it would send. */
async function sent(options) {
  let params = {};
  const httpClient = {
    request: async (request) => {
      params = request.params;
      return { statusCode: 200, body: { meta: { key: 'call_summaries' }, call_summaries: [] } };
    },
  };
  await library(manifest.parent.account_sid, 'unused', { httpClient }).insights.v1.callSummaries.page(options);
  return Object.keys(params ?? {}).filter((name) => params[name] !== undefined);
}

/** What the type declarations of this version say it can filter by. */
function declared() {
  const file = require.resolve(`${process.env.SIDETONE_CLIENT}/lib/rest/insights/v1/callSummaries.d.ts`);
  const body = /interface CallSummariesListInstanceOptions \{([^}]*)\}/.exec(fs.readFileSync(file, 'utf8'))[1];
  return [...body.matchAll(/^ *"?(\w+)"?\?:/gm)].map((match) => match[1])
    .filter((name) => name !== 'limit' && name !== 'pageSize').sort();
}

test('filters', async (t) => {
  const tried = new Set();
  for (const row of rows) {
    const known = await sent(row.options);
    if (known.length < Object.keys(row.params).length) continue; // a filter younger than this version
    known.forEach((name) => tried.add(name));
    await t.test(row.name, async () => {
      const found = sids(await voice.callSummaries.list({ ...row.options, pageSize: 4 }));
      assert.deepEqual([...found].sort(), [...row.expect].sort());
      assert.deepEqual(found, row.expect, 'right calls, wrong order');
    });
  }
  await t.test('none is left out', () => assert.deepEqual([...tried].map(argument).sort(), declared()));
});

test('defaults are four hours and completed', async () => {
  assert.deepEqual(sids(await voice.callSummaries.list()).sort(), [...manifest.recent].sort());
});

test('default page size is 25', async () => {
  const page = await voice.callSummaries.page({ startTime: '3w' });
  assert.deepEqual(sids(page.instances), manifest.newest_first.slice(0, 25));
  assert.deepEqual(sids((await page.nextPage()).instances), manifest.newest_first.slice(25));
});

test('partial, started and all', async () => {
  const running = [...manifest.running].sort();
  for (const processingState of ['partial', 'started']) {
    assert.deepEqual(sids(await voice.callSummaries.list({ processingState })).sort(), running);
  }
  const found = sids(await voice.callSummaries.list({ processingState: 'all', pageSize: 7 }));
  assert.deepEqual([...found].sort(), [...running, ...manifest.recent].sort());
  assert.deepEqual(found.slice(0, running.length).sort(), running, 'running calls sort first');
});

for (const pageSize of [1, 5, 38, 1000]) {
  test(`stream over pages of ${pageSize}`, async () => {
    const found = [];
    await new Promise((resolve, reject) => {
      voice.callSummaries.each({
        startTime: '3w', pageSize, callback: (call) => found.push(call), done: (e) => (e ? reject(e) : resolve()),
      });
    });
    assert.deepEqual(sids(found), manifest.newest_first);
    assert.deepEqual(sids(await voice.callSummaries.list({ startTime: '3w', pageSize })), manifest.newest_first);
  });
}

test('limit ends inside a page', async () => {
  const found = await voice.callSummaries.list({ startTime: '3w', limit: 7, pageSize: 5 });
  assert.deepEqual(sids(found), manifest.newest_first.slice(0, 7));
});

test('pages forwards and back', async () => {
  const row = rows.find(({ name }) => name === 'CallType=sip,trunking');
  const pages = [];
  for (let page = await voice.callSummaries.page({ ...row.options, pageSize: 8 }); page; page = await page.nextPage()) {
    pages.push(page);
    if (page.nextPageUrl) {
      assert.ok(page.nextPageUrl.startsWith(`${manifest.url}/v1/Voice/Summaries?`), page.nextPageUrl);
      assert.ok(page.nextPageUrl.includes('CallType=sip%2Ctrunking'), page.nextPageUrl);
    }
  }
  assert.equal(pages.length, 3);
  assert.deepEqual(pages.flatMap((page) => sids(page.instances)), row.expect);
  assert.equal(pages[0].previousPageUrl, undefined);
  const back = await voice.callSummaries.getPage(pages[2].previousPageUrl);
  assert.deepEqual(sids(back.instances), sids(pages[1].instances));
  assert.deepEqual(sids((await back.previousPage()).instances), sids(pages[0].instances));
});

test('page by number, and an empty page', async () => {
  const second = await voice.callSummaries.page({ startTime: '3w', pageSize: 10, pageNumber: 1 });
  assert.deepEqual(sids(second.instances), manifest.newest_first.slice(10, 20));
  const empty = await voice.callSummaries.page({ startTime: '3w', from: '+19995550100' });
  assert.deepEqual(empty.instances, []);
});
