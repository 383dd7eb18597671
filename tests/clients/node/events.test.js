'use strict';
// Event Streams: sinks, subscriptions, and what can be subscribed.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const test = require('node:test');
const { library, manifest, client, below, refused } = require('./setup');
const { receive } = require('./receiver');

const PREFIX = 'com.twilio.voice.insights.';
const events = client.events.v1;

/** Runs with a sink of a receiver, and forgets both. */
async function withSink(run) {
  const receiver = await receive();
  const sinkConfiguration = { destination: `${receiver.url}/events`, method: 'POST' };
  const sink = await events.sinks.create({ description: 'node', sinkConfiguration, sinkType: 'webhook' });
  try {
    await run(sink, receiver);
  } finally {
    for (const each of await events.subscriptions.list({ sinkSid: sink.sid })) await each.remove();
    await events.sinks(sink.sid).remove();
    receiver.close();
  }
}

const sids = (list) => list.map((each) => each.sid);

test('a sink', () => withSink(async (sink, receiver) => {
  assert.deepEqual([sink.sid.slice(0, 2), sink.sinkType, sink.status], ['DG', 'webhook', 'active']);
  assert.deepEqual(sink.sinkConfiguration, { destination: `${receiver.url}/events`, method: 'POST' });
  assert.equal(sink.url, `${manifest.url}/v1/Sinks/${sink.sid}`);
  assert.deepEqual(sink.links, { sink_test: `${sink.url}/Test`, sink_validate: `${sink.url}/Validate` });
  assert.ok(sink.dateCreated instanceof Date && !Number.isNaN(sink.dateCreated.getTime()));
  assert.ok(sids(await events.sinks.list({ pageSize: 1 })).includes(sink.sid));
  assert.ok(sids(await events.sinks.list({ inUse: false, status: 'active' })).includes(sink.sid));
  assert.ok(!sids(await events.sinks.list({ inUse: true })).includes(sink.sid));
  assert.equal((await events.sinks(sink.sid).update({ description: 'night shift' })).description, 'night shift');
  assert.equal((await sink.fetch()).description, 'night shift');
}));

test('a test event', () => withSink(async (sink, receiver) => {
  assert.equal((await events.sinks(sink.sid).sinkTest.create()).result, 'submitted');
  const [request] = await receiver.wait('/events');
  const { account_sid: account, auth_token: token } = manifest.parent;
  assert.ok(library.validateRequestWithBody(token, request.signature, request.url, request.body));
  const [event] = JSON.parse(request.body);
  assert.deepEqual([event.type, event.id], ['com.twilio.eventstreams.test-event', account]);
  const validate = events.sinks(sink.sid).sinkValidate;
  await refused(400, 20001, () => validate.create({ testId: 'another' }));
  assert.equal((await validate.create({ testId: event.data.test_id })).result, 'valid');
  assert.equal((await events.sinks(sink.sid).fetch()).status, 'active');
}));

test('a subscription', () => withSink(async (sink) => {
  const types = [];
  for (const each of await events.eventTypes.list()) {
    const schema = await events.schemas(each.schemaId).fetch();
    types.push({ type: each.type, schema_version: schema.latestVersion });
  }
  assert.equal(types.length, 9);
  const wanted = { description: 'node', sinkSid: sink.sid, types };
  const made = await events.subscriptions.create(wanted);
  assert.deepEqual([made.sid.slice(0, 2), made.sinkSid, made.accountSid], ['DF', sink.sid, manifest.parent.account_sid]);
  assert.equal(made.links.subscribed_events, `${manifest.url}/v1/Subscriptions/${made.sid}/SubscribedEvents`);
  await refused(400, 20001, () => events.subscriptions.create(wanted));
  await refused(400, 20001, () => events.sinks(sink.sid).remove());
  assert.deepEqual(sids(await events.subscriptions.list({ sinkSid: sink.sid })), [made.sid]);
  assert.ok(sids(await events.subscriptions.list({ pageSize: 1 })).includes(made.sid));
  assert.equal((await events.subscriptions(made.sid).update({ description: 'all' })).description, 'all');

  const { subscribedEvents } = events.subscriptions(made.sid);
  const subscribed = async () => (await subscribedEvents.list({ pageSize: 2 })).map(
    (each) => ({ type: each.type, schema_version: each.schemaVersion }),
  );
  assert.deepEqual(await subscribed(), types);
  const one = `${PREFIX}call-event.sdk`;
  assert.equal((await subscribedEvents(one).update({ schemaVersion: 1 })).schemaVersion, 1);
  for (const { type } of types) assert.ok(await subscribedEvents(type).remove());
  assert.deepEqual(await subscribed(), []);
  await refused(404, 20404, () => subscribedEvents(one).fetch());
  assert.equal((await subscribedEvents.create({ type: one, schemaVersion: 2 })).schemaVersion, 2);
  assert.equal((await subscribedEvents.create({ type: `${PREFIX}call-summary.complete` })).schemaVersion, 7);
  assert.ok(await events.subscriptions(made.sid).remove());
  await refused(404, 20404, () => events.subscriptions(made.sid).fetch());
}));

test('a call is streamed', () => withSink(async (sink, receiver) => {
  const ofCalls = (await events.eventTypes.list()).filter((each) => each.type.startsWith(PREFIX));
  const types = ofCalls.map((each) => ({ type: each.type, schema_version: 1 }));
  await events.subscriptions.create({ description: 'node', sinkSid: sink.sid, types });
  const { account_sid: account, auth_token: token } = manifest.parent;
  const call = `CA${randomUUID().replaceAll('-', '')}`;
  const ask = async (method, path, body) => {
    const Authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`;
    const answer = await fetch(manifest.url + path, { method, headers: { Authorization }, body });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
  };
  const post = (path, body) => ask('POST', path, body);
  const step = (status) => post('/ingest/v1/status-callback', new URLSearchParams({ CallSid: call, CallStatus: status }));
  await step('initiated');
  const at = new Date().toISOString();
  const told = ['sdk_edge', 'carrier_edge'].map((edge) => (
    { id: edge, call_sid: call, at, kind: 'media', edge, direction: 'inbound', interval: { packets_received: 490 } }
  ));
  told.push({ id: 'muted', call_sid: call, at, kind: 'edge', edge: 'sdk_edge', group: 'audio', name: 'muted' });
  await post('/ingest/v1/events', new Blob([JSON.stringify(told)], { type: 'application/json' }));
  await step('completed');
  let found = [];
  const until = async (holds) => {
    for (const end = Date.now() + 60_000; !holds(found);) {
      assert.ok(Date.now() < end, JSON.stringify(found.map((each) => each.type)));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const requests = await receiver.wait('/events');
      for (const request of requests) {
        assert.ok(library.validateRequestWithBody(token, request.signature, request.url, request.body));
      }
      found = requests.flatMap((request) => JSON.parse(request.body)).filter((each) => each.data.call_sid === call);
    }
  };
  await until(() => found.some((each) => each.type === `${PREFIX}call-summary.complete`));
  assert.deepEqual([...new Set(found.map((each) => each.type))].sort(), types.map((each) => each.type).sort());
  await client.insights.v1.calls(call).annotation().update({ callScore: 2, comment: 'choppy' });
  await until(() => found.at(-1)?.data.annotation?.call_score === 2);
  assert.equal(found.at(-1).type, `${PREFIX}call-summary.complete`);
  // No other test meets it.
  await ask('DELETE', `/v1/Voice/${call}/Summary`);
}));

test('what can be subscribed', async () => {
  const one = await events.eventTypes(`${PREFIX}call-summary.complete`).fetch();
  assert.deepEqual([one.schemaId, one.url], ['VoiceInsights.CallSummary', `${manifest.url}/v1/Types/${one.type}`]);
  const ofMetrics = await events.eventTypes.list({ schemaId: 'VoiceInsights.CallMetric' });
  assert.deepEqual(ofMetrics.map((each) => each.type), [`${PREFIX}call-metrics.gateway`, `${PREFIX}call-metrics.sdk`]);
  const versions = await events.schemas(one.schemaId).versions.list({ pageSize: 3 });
  assert.deepEqual(versions.map((each) => each.schemaVersion), [1, 2, 3, 4, 5, 6, 7]);
  const last = await events.schemas(one.schemaId).versions(7).fetch();
  assert.deepEqual([last.id, last.raw], [one.schemaId, `${last.url}/Raw`]);
});

test('what is refused', () => withSink(async (sink) => {
  const of = (sinkType, sinkConfiguration) => () => events.sinks.create({ description: 'x', sinkType, sinkConfiguration });
  await refused(400, 20001, of('kinesis', { arn: 'arn:aws:kinesis:us-east-1:1:stream/a' }));
  await refused(400, 20001, of('webhook', { destination: 'https://example.com/', method: 'GET' }));
  const types = [{ type: `${PREFIX}conference-summary.complete` }];
  await refused(400, 20001, () => events.subscriptions.create({ description: 'x', sinkSid: sink.sid, types }));
  await refused(404, 20404, () => events.sinks(`DG${'0'.repeat(32)}`).fetch());
  await refused(404, 20404, () => events.schemas('VoiceInsights.Nothing').fetch());
  await refused(404, 20404, () => below.events.v1.sinks(sink.sid).fetch());
}));
