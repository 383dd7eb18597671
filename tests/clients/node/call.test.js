'use strict';
// One call: link resource, summary, events, metrics.

const assert = require('node:assert/strict');
const test = require('node:test');
const { manifest, voice, scratch, holds, camel } = require('./setup');

test('link resource', async () => {
  const sid = manifest.newest_first[0];
  const call = await voice.calls(sid).fetch();
  const here = `${manifest.url}/v1/Voice/${sid}`;
  assert.deepEqual([call.sid, call.url], [sid, here]);
  assert.deepEqual(call.links, {
    events: `${here}/Events`, metrics: `${here}/Metrics`, summary: `${here}/Summary`, annotation: `${here}/Annotation`,
  });
});

function checkSummary(got, seeded) {
  for (const field of ['account_sid', 'call_sid', 'call_type', 'call_state', 'answered_by', 'processing_state',
    'duration', 'connect_duration', 'attributes']) {
    assert.deepEqual(got[camel(field)], seeded[field], field);
  }
  assert.deepEqual(got.tags ?? [], seeded.tags);
  // The library turns a missing date into the present moment: only equality tells the two apart.
  for (const field of ['created_time', 'start_time', 'end_time']) {
    assert.ok(got[camel(field)] instanceof Date, field);
    assert.equal(got[camel(field)].toISOString(), seeded[field].replace('Z', '.000Z'), field);
  }
  for (const field of ['from', 'to', 'properties', 'trust']) holds(seeded[field], got[field], field);
  for (const field of ['carrier_edge', 'sip_edge', 'client_edge', 'sdk_edge']) {
    if (seeded[field] === null) assert.equal(got[camel(field)], null, field);
    else holds(seeded[field], got[camel(field)], field);
  }
}

test('summary comes back as it was sent', async () => {
  for (const sid of manifest.newest_first.slice(0, 8)) {
    const got = await voice.calls(sid).summary().fetch();
    checkSummary(got, manifest.calls[sid]);
    assert.equal(got.url, `${manifest.url}/v1/Voice/${sid}/Summary`);
  }
});

test('summary of a list is the same record', async () => {
  const found = new Map((await voice.callSummaries.list({ startTime: '3w' })).map((call) => [call.callSid, call]));
  for (const [sid, seeded] of Object.entries(manifest.calls)) {
    checkSummary(found.get(sid), seeded);
    assert.equal(found.get(sid).url, `${manifest.url}/v1/Voice/Summaries`);
  }
});

for (const processingState of ['complete', 'partial']) {
  test(`a complete summary asked for as ${processingState}`, async () => {
    const got = await voice.calls(manifest.newest_first[0]).summary().fetch({ processingState });
    assert.equal(got.processingState, 'complete');
  });
}

test('a running call has a partial summary', async () => {
  for (const sid of manifest.running) {
    const got = await voice.calls(sid).summary().fetch({ processingState: 'partial' });
    assert.deepEqual([got.callSid, got.processingState, got.callState], [sid, 'partial', 'answered']);
    assert.equal(got.properties.direction, 'outbound_api');
    assert.equal(got._payload?.end_time ?? null, null);
  }
});

const item = (row) => {
  const { timestamp, callSid, accountSid, edge, group, name, level, direction, carrierEdge, sipEdge, clientEdge, sdkEdge } = row;
  return { timestamp, callSid, accountSid, edge, group, name, level, direction, carrierEdge, sipEdge, clientEdge, sdkEdge };
};
const stamps = (rows) => rows.map((row) => row.timestamp);

for (const kind of ['events', 'metrics']) {
  const seeded = manifest.detailed[kind];
  const resource = () => voice.calls(manifest.detailed.call_sid)[kind];

  test(`${kind} over pages`, async () => {
    const whole = await resource().list();
    assert.deepEqual(stamps(whole), stamps(seeded));
    seeded.forEach((sent, n) => {
      for (const [field, value] of Object.entries(sent)) holds(value, whole[n][camel(field)], `${sent.timestamp} ${field}`);
    });
    assert.deepEqual((await resource().list({ pageSize: 3 })).map(item), whole.map(item));
    assert.deepEqual(stamps(await resource().list({ limit: 4, pageSize: 3 })), stamps(whole).slice(0, 4));
    assert.equal((await resource().page({ pageSize: 4 })).instances.length, 4);
    const streamed = [];
    await new Promise((resolve, reject) => {
      resource().each({ pageSize: 1, callback: (row) => streamed.push(row), done: (e) => (e ? reject(e) : resolve()) });
    });
    assert.deepEqual(stamps(streamed), stamps(whole));
  });

  test(`${kind} of one edge`, async () => {
    for (const edge of ['sdk_edge', 'client_edge', 'carrier_edge', 'sip_edge', 'unknown_edge']) {
      const found = await resource().list({ edge, pageSize: 2 });
      assert.deepEqual(stamps(found), stamps(seeded.filter((row) => row.edge === edge)), edge);
    }
  });

  test(`no ${kind} is an empty list`, async () => {
    assert.deepEqual(await voice.calls(scratch[3])[kind].list(), []);
  });
}

test('metrics of one direction', async () => {
  for (const direction of ['both', 'inbound', 'outbound', 'unknown']) {
    const expected = stamps(manifest.detailed.metrics.filter((row) => row.direction === direction));
    const metrics = voice.calls(manifest.detailed.call_sid).metrics;
    assert.deepEqual(stamps(await metrics.list({ direction, pageSize: 3 })), expected, direction);
    const both = await metrics.list({ direction, edge: 'client_edge' });
    assert.deepEqual(stamps(both), direction === 'both' ? [] : expected, direction);
  }
});
