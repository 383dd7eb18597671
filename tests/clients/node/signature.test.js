'use strict';
// What a StatusCallback gets: signed, so that the library's own validator believes it and nothing else.

const assert = require('node:assert/strict');
const test = require('node:test');
const { library, manifest, version, client } = require('./setup');
const { receive } = require('./receiver');

const parent = manifest.parent.account_sid;
const child = manifest.subaccount.account_sid;
const token = manifest.parent.auth_token;
const { validateRequest } = library;

/** Asks for a summary of some days, and gives its sid. Newer versions have no words for it: they send the same form. */
async function sumUp(account, statusCallback, statusCallbackMethod) {
  const [startDate, endDate] = ['2020-02-29', '2020-03-01'];
  if ([3, 40].includes(version)) {
    const { feedbackSummaries } = client.api.accounts(account).calls;
    return (await feedbackSummaries.create({ startDate, endDate, statusCallback, statusCallbackMethod })).sid;
  }
  const answer = await client.request({
    method: 'POST',
    uri: `${manifest.url}/2010-04-01/Accounts/${account}/Calls/FeedbackSummary.json`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    data: {
      StartDate: startDate, EndDate: endDate, StatusCallback: statusCallback,
      ...(statusCallbackMethod && { StatusCallbackMethod: statusCallbackMethod }),
    },
  });
  assert.equal(answer.statusCode, 201);
  return answer.body.sid;
}

const ASKED = [
  ['/post', '', parent, undefined], ['/posted', '?key=1&name=A%2FB+test', parent, 'POST'], ['/get', '', parent, 'GET'],
  ['/got', '?key=1&name=A%2FB+test', parent, 'GET'], ['/below', '', child, 'POST'], ['/again', '', parent, 'POST'],
  ['/again/get', '?key=1', parent, 'GET'],
];
let receiver;
const told = {};

test.before(async () => {
  receiver = await receive();
  for (const [path, query, account, method] of ASKED) {
    told[path] = { account, sid: await sumUp(account, receiver.url + path + query, method) };
  }
  for (const path of Object.keys(told)) [told[path].request] = await receiver.wait(path);
});
test.after(() => receiver.close());

function fieldsOf(request) {
  if (request.method === 'POST') {
    assert.equal(request.headers['content-type'].split(';')[0], 'application/x-www-form-urlencoded');
    return request.form;
  }
  assert.equal(request.body, '');
  return request.query;
}

/** Of another URL, or signed with another token. */
function refuseElsewhere({ url, signature }, params) {
  const more = `${url}${url.includes('?') ? '&' : '?'}more=1`;
  for (const other of [url.replace('http:', 'https:'), url.replace('127.0.0.1', '127.0.0.2'), more]) {
    assert.equal(validateRequest(token, signature, other, params), false, other);
  }
  for (const other of [manifest.subaccount.auth_token, manifest.api_key.secret, 'wrong']) {
    assert.equal(validateRequest(other, signature, url, params), false);
  }
}

const forged = (signature) => (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);

for (const [path, method, added] of [['/post', 'POST', {}], ['/posted', 'POST', {}], ['/get', 'GET', {}],
  ['/got', 'GET', { key: '1', name: 'A/B test' }], ['/below', 'POST', {}], ['/again', 'POST', {}],
  ['/again/get', 'GET', { key: '1' }]]) {
  test(`four fields at ${path}`, () => {
    const { request, account, sid } = told[path];
    assert.equal(request.method, method);
    assert.deepEqual(fieldsOf(request), {
      ...added, AccountSid: account, FeedbackSummarySid: sid, Status: 'completed',
      ResourceUri: `/2010-04-01/Accounts/${account}/Calls/FeedbackSummary/${sid}.json`,
    });
  });
}

test('the resource is there', async () => {
  for (const { request, sid } of Object.values(told)) {
    const answer = await client.request({ method: 'GET', uri: manifest.url + fieldsOf(request).ResourceUri });
    const body = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body;
    assert.deepEqual([answer.statusCode, body.sid, body.status], [200, sid, 'completed']);
  }
});

for (const path of ['/post', '/posted', '/again']) {
  test(`signed form at ${path}`, () => {
    const { url, form, signature } = told[path].request;
    assert.equal(validateRequest(token, signature, url, form), true);
    assert.equal(validateRequest(token, forged(signature), url, form), false);
    for (const name of ['AccountSid', 'FeedbackSummarySid', 'Status', 'ResourceUri']) {
      assert.equal(validateRequest(token, signature, url, { ...form, [name]: `${form[name]}x` }), false, name);
      const { [name]: _, ...left } = form;
      assert.equal(validateRequest(token, signature, url, left), false, name);
    }
    assert.equal(validateRequest(token, signature, url, { ...form, More: '1' }), false);
    refuseElsewhere(told[path].request, form);
  });
}

for (const path of ['/get', '/got', '/again/get']) {
  test(`signed query at ${path}`, () => {
    const { url, query, signature } = told[path].request;
    assert.equal(validateRequest(token, signature, url, {}), true);
    assert.equal(validateRequest(token, forged(signature), url, {}), false);
    assert.equal(validateRequest(token, signature, url, query), false);
    assert.equal(validateRequest(token, signature, url.replace('completed', 'failed'), {}), false);
    refuseElsewhere(told[path].request, {});
  });
}

test('below is signed with its own token', () => {
  const { url, form, signature } = told['/below'].request;
  assert.equal(validateRequest(manifest.subaccount.auth_token, signature, url, form), true);
  assert.equal(validateRequest(token, signature, url, form), false);
});

for (const path of ['/again', '/again/get']) {
  test(`second attempt at ${path}`, async () => {
    const [first, second] = await receiver.wait(path, 2);
    assert.deepEqual([first.method, first.url, first.body], [second.method, second.url, second.body]);
    assert.ok(first.headers['i-twilio-idempotency-token']);
    assert.equal(second.headers['i-twilio-idempotency-token'], first.headers['i-twilio-idempotency-token']);
    assert.equal(validateRequest(token, second.signature, second.url, second.form), true);
  });
}

test('each delivery has its own token', () => {
  const tokens = Object.values(told).map(({ request }) => request.headers['i-twilio-idempotency-token']);
  assert.equal(new Set(tokens).size, ASKED.length);
});
