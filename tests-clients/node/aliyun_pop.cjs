// Renews an instance with Alibaba Cloud's older package for Node, by GET and by forms.
//
// The package ignores the status: what has no Code is a success. The billing API has one always, Success for a success.

'use strict';

const Client = require('@alicloud/pop-core');
const { assert, assertMonthLater, assertWeekLater, demo, newToken, refusal, report } = require('./aliyun_sandbox.cjs');

const GET = { method: 'GET', timeout: 20000 };
const FORM = { method: 'POST', timeout: 20000 };

function client(apiVersion, changes = {}) {
  return new Client({ endpoint: `http://${demo.endpoint}`, apiVersion, ...demo.keys, ...changes });
}

// Resolves to an instance as it is now.
async function described(ecs, options) {
  const params = { RegionId: demo.region, InstanceIds: JSON.stringify([demo.renewable]) };
  const page = await ecs.request('DescribeInstances', params, options);
  assert.equal(page.TotalCount, 1);
  assert.equal(page.Instances.Instance.length, 1);
  const [instance] = page.Instances.Instance;
  assert.equal(instance.InstanceId, demo.renewable);
  assert.match(instance.ExpiredTime, /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/);
  return instance;
}

report('@alicloud/pop-core', async () => {
  const ecs = client('2014-05-26');
  const before = await described(ecs, GET);
  assert.equal(before.InstanceChargeType, 'PrePaid');
  assert.deepEqual(before.OperationLocks.LockReason, []);

  const month = { InstanceId: demo.renewable, Period: 1, PeriodUnit: 'Month', ClientToken: newToken() };
  const order = await ecs.request('RenewInstance', month, FORM);
  assert.match(order.RequestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  assert.equal(typeof order.OrderId, 'string');
  assert.match(order.OrderId, /^\d+$/);
  for (const options of [FORM, GET]) {
    const again = await ecs.request('RenewInstance', month, options);
    assert.equal(again.OrderId, order.OrderId, `the same token by ${options.method} finds the same order`);
    assert.notEqual(again.RequestId, order.RequestId);
  }
  const other = { ...month, Period: 2 };
  const mismatch = await refusal('IdempotenceParamNotMatch', ecs.request('RenewInstance', other, FORM));
  assert.equal(mismatch.name, 'IdempotenceParamNotMatchError');
  assert.equal(mismatch.entry.response.statusCode, 400);
  const after = await described(ecs, FORM);
  assertMonthLater(before.ExpiredTime, after.ExpiredTime);

  const week = { ...month, PeriodUnit: 'Week', ClientToken: newToken() };
  const weekly = await ecs.request('RenewInstance', week, GET);
  assert.notEqual(weekly.OrderId, order.OrderId);
  const last = await described(ecs, GET);
  assertWeekLater(after.ExpiredTime, last.ExpiredTime);

  const refusals = [
    ['InvalidInstanceId.NotFound', 404, { InstanceId: demo.unknown }],
    ['ChargeTypeViolation', 403, { InstanceId: demo.payAsYouGo }],
    ['InstanceLockedForSecurity', 403, { InstanceId: demo.locked }],
    ['InvalidPeriod', 400, { Period: 10 }],
  ];
  const codes = {};
  for (const [code, status, changes] of refusals) {
    for (const options of [FORM, GET]) {
      const params = { ...month, ClientToken: newToken(), ...changes };
      const error = await refusal(code, ecs.request('RenewInstance', params, options));
      assert.equal(error.entry.response.statusCode, status);
      assert.ok(error.data.Message && error.data.RequestId && error.data.HostId, JSON.stringify(error.data));
      codes[code] = error.data.Message;
    }
  }
  const wrong = client('2014-05-26', { accessKeySecret: '0'.repeat(30) });
  await refusal('SignatureDoesNotMatch', wrong.request('RenewInstance', { ...month, ClientToken: newToken() }, FORM));
  assert.equal((await described(ecs, GET)).ExpiredTime, last.ExpiredTime, 'refusals renew nothing');

  const billing = client('2017-12-14');
  const balance = await billing.request('QueryAccountBalance', {}, FORM);
  assert.equal(balance.Success, true);
  assert.equal(balance.Data.Currency, 'CNY');
  const detail = await billing.request('GetOrderDetail', { OrderId: order.OrderId }, GET);
  const [stored] = detail.Data.OrderList.Order;
  assert.equal(stored.OrderId, order.OrderId);
  assert.equal(stored.PaymentStatus, 'Paid');

  return {
    orderId: order.OrderId,
    weeklyOrderId: weekly.OrderId,
    expiredBefore: before.ExpiredTime,
    expiredAfter: after.ExpiredTime,
    expiredAtLast: last.ExpiredTime,
    available: balance.Data.AvailableAmount,
    refusals: codes,
  };
});
