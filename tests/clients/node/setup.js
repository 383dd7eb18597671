'use strict';
// One suite for several versions of the official library. Nothing in it is changed: only the base URL is set.

const assert = require('node:assert/strict');
const fs = require('node:fs');

const library = require(process.env.SIDETONE_CLIENT);
const manifest = JSON.parse(fs.readFileSync(process.env.SIDETONE_MANIFEST, 'utf8'));
// As run.sh names it: the major, and 40 for 4.0.0.
const version = Number(process.env.SIDETONE_CLIENT.replace('twilio', ''));

/** A client of everything. */
function core(username, password, options) {
  const client = library(username, password, options);
  client.insights.baseUrl = client.api.baseUrl = client.events.baseUrl = manifest.url;
  return client;
}

const connect = (...credentials) => core(...credentials).insights.v1;

const client = core(manifest.parent.account_sid, manifest.parent.auth_token);
const voice = client.insights.v1;
const below = core(manifest.subaccount.account_sid, manifest.subaccount.auth_token);
const scratch = manifest.scratch[`node${version}`];
// Calls that only this version rates and sums up; the newer ones cannot.
const mine = manifest.feedback[`node${version}`];

/** Every seeded value is there; keys beyond the seeded ones are allowed. */
function holds(expected, actual, path = '') {
  if (expected !== null && typeof expected === 'object' && !Array.isArray(expected)) {
    assert.ok(actual !== null && typeof actual === 'object', `${path} is ${actual}`);
    for (const [key, value] of Object.entries(expected)) holds(value, actual[key] ?? null, `${path}.${key}`);
  } else {
    assert.deepEqual(actual, expected, path);
  }
}

/** The status and the code are what callers branch on. */
async function refused(status, code, action) {
  await assert.rejects(
    async () => action(),
    (error) => {
      assert.deepEqual([error.status, error.code], [status, code], error.message);
      assert.ok(error.message && error.moreInfo.endsWith(String(code)));
      return true;
    },
  );
}

const sids = (calls) => calls.map((call) => call.callSid);
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

module.exports = {
  library, manifest, version, core, connect, client, voice, below, scratch, mine, holds, refused, sids, camel,
};
