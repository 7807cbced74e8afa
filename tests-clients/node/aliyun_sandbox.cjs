// What the scripts for Alibaba Cloud share: the sandbox's address and keys, its demo instances, refusals and expiries.
//
// Both packages speak plain HTTP when told so, which the older one is by its endpoint, the newer one by its protocol.

'use strict';

const { randomUUID } = require('node:crypto');
const { assert, report } = require('./sandbox.cjs');

const demo = {
  endpoint: process.env.ALIYUN_ENDPOINT,
  keys: {
    accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
    accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
  },
  region: 'cn-hangzhou',
  renewable: 'i-bp67acfmxazb4p0001',
  payAsYouGo: 'i-bp67acfmxazb4p0002',
  locked: 'i-bp67acfmxazb4p0003',
  unknown: 'i-bp67acfmxazb4p9999',
  // What a month of the renewable instance costs, in CNY.
  month: 240,
};

// A ClientToken that nobody used before.
const newToken = () => randomUUID();

const DAY_MS = 24 * 60 * 60 * 1000;

// Returns the day that begins in China at this instant, as the UTC midnight of the same date.
function midnight(instant) {
  const local = new Date(Date.parse(instant) + 8 * 60 * 60 * 1000);
  assert.equal(local.getTime() % DAY_MS, 0, `${instant} is midnight in China`);
  return local;
}

// Asserts that an expiry moved by a month; a month's last day may stand for a later anchor day.
function assertMonthLater(before, after) {
  const [old, now] = [midnight(before), midnight(after)];
  const days = (month) => new Date(Date.UTC(old.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const [day, month] = [old.getUTCDate(), old.getUTCMonth()];
  const right = [Math.min(day, days(month + 1))];
  if (day === days(month)) for (let anchor = day + 1; anchor <= days(month + 1); anchor += 1) right.push(anchor);
  const expected = right.map((each) => Date.UTC(old.getUTCFullYear(), month + 1, each));
  assert.ok(expected.includes(now.getTime()), `${before} moved to ${after}, not by a month`);
}

// Asserts that an expiry moved by a week.
function assertWeekLater(before, after) {
  assert.equal(midnight(after) - midnight(before), 7 * DAY_MS, `${before} moved to ${after}, not by a week`);
}

// Resolves to the error of a call that must be refused with this code.
async function refusal(code, call) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    assert.equal(error.code, code, `refused as ${error.code}, not ${code}: ${error.message}`);
    return error;
  }
  return assert.fail(`was not refused as ${code}: ${JSON.stringify(answer)}`);
}

module.exports = { assert, assertMonthLater, assertWeekLater, demo, newToken, refusal, report };
