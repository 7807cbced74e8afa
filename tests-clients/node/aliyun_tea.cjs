// Renews an instance with Alibaba Cloud's current package for Node, by both of its signatures, and reads typed objects.
//
// The package drops a list that is not inside its container, silently, so every list is looked at.

'use strict';

const { $OpenApiUtil, ClientError } = require('@alicloud/openapi-core');
const Ecs = require('@alicloud/ecs20140526');
const { assert, assertMonthLater, assertWeekLater, demo, newToken, refusal, report } = require('./aliyun_sandbox.cjs');

function client(changes = {}) {
  const settings = { ...demo.keys, endpoint: demo.endpoint, protocol: 'HTTP', ...changes };
  return new Ecs.default(new $OpenApiUtil.Config(settings));
}

// Resolves to an instance as it is now.
async function described(api, id = demo.renewable) {
  const request = new Ecs.DescribeInstancesRequest({ regionId: demo.region, instanceIds: JSON.stringify([id]) });
  const { statusCode, body } = await api.describeInstances(request);
  assert.equal(statusCode, 200);
  assert.ok(body instanceof Ecs.DescribeInstancesResponseBody);
  assert.equal(body.totalCount, 1);
  assert.equal(body.instances.instance.length, 1);
  const [instance] = body.instances.instance;
  assert.ok(instance instanceof Ecs.DescribeInstancesResponseBodyInstancesInstance);
  assert.equal(instance.instanceId, id);
  return instance;
}

function renewing(clientToken, changes = {}) {
  const month = { instanceId: demo.renewable, period: 1, periodUnit: 'Month', clientToken };
  return new Ecs.RenewInstanceRequest({ ...month, ...changes });
}

// Resolves to the order id of a renewal.
async function renewed(api, request) {
  const { statusCode, body } = await api.renewInstance(request);
  assert.equal(statusCode, 200);
  assert.ok(body instanceof Ecs.RenewInstanceResponseBody);
  assert.match(body.requestId, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  assert.match(body.orderId, /^\d+$/);
  return body.orderId;
}

// Resolves to what ECS says of the instance's automatic renewal.
async function automatic(api) {
  const request = new Ecs.DescribeInstanceAutoRenewAttributeRequest({
    regionId: demo.region,
    instanceId: demo.renewable,
  });
  const { body } = await api.describeInstanceAutoRenewAttribute(request);
  const attributes = body.instanceRenewAttributes.instanceRenewAttribute;
  assert.equal(attributes.length, 1);
  assert.equal(attributes[0].instanceId, demo.renewable);
  return attributes[0];
}

report('@alicloud/ecs20140526', async () => {
  const api = client();
  const older = client({ signatureAlgorithm: 'v2' });

  const [lock] = (await described(api, demo.locked)).operationLocks.lockReason;
  assert.ok(lock instanceof Ecs.DescribeInstancesResponseBodyInstancesInstanceOperationLocksLockReason);
  assert.equal(lock.lockReason, 'security');
  const priceRequest = new Ecs.DescribeRenewalPriceRequest({ regionId: demo.region, resourceId: demo.renewable });
  const { price } = (await api.describeRenewalPrice(priceRequest)).body.priceInfo;
  assert.equal(price.originalPrice, demo.month);
  assert.equal(price.currency, 'CNY');

  const before = await described(api);
  assert.equal(before.instanceChargeType, 'PrePaid');
  const token = newToken();
  const orderId = await renewed(api, renewing(token));
  assert.equal(await renewed(api, renewing(token)), orderId, 'the same token finds the same order');
  assert.equal(await renewed(older, renewing(token)), orderId, 'by the older signature as well');
  const mismatch = await refusal('IdempotenceParamNotMatch', api.renewInstance(renewing(token, { period: 2 })));
  assert.equal(mismatch.statusCode, 400);
  const after = await described(api);
  assertMonthLater(before.expiredTime, after.expiredTime);

  const week = newToken();
  const weekly = await renewed(older, renewing(week, { periodUnit: 'Week' }));
  assert.notEqual(weekly, orderId);
  const last = await described(older);
  assertWeekLater(after.expiredTime, last.expiredTime);

  const first = await automatic(api);
  assert.equal(first.renewalStatus, 'AutoRenewal');
  assert.equal(first.autoRenewEnabled, true);
  const off = { regionId: demo.region, instanceId: demo.renewable, renewalStatus: 'Normal' };
  await api.modifyInstanceAutoRenewAttribute(new Ecs.ModifyInstanceAutoRenewAttributeRequest(off));
  const normal = await automatic(api);
  assert.deepEqual([normal.renewalStatus, normal.autoRenewEnabled, normal.duration], ['Normal', false, 0]);

  const refusals = [
    ['InvalidInstanceId.NotFound', 404, { instanceId: demo.unknown }],
    ['ChargeTypeViolation', 403, { instanceId: demo.payAsYouGo }],
    ['InstanceLockedForSecurity', 403, { instanceId: demo.locked }],
    ['InvalidPeriod', 400, { period: 10 }],
    ['InvalidExpectedRenewDay.Conflict', 400, { expectedRenewDay: 12 }],
  ];
  const codes = {};
  for (const [code, status, changes] of refusals) {
    for (const by of [api, older]) {
      const error = await refusal(code, by.renewInstance(renewing(newToken(), changes)));
      assert.ok(error instanceof ClientError, `${code} is the caller's fault`);
      assert.equal(error.statusCode, status);
      assert.ok(error.requestId, `${code} has a request id`);
      codes[code] = error.message;
    }
  }
  for (const changes of [{}, { signatureAlgorithm: 'v2' }]) {
    const wrong = client({ accessKeySecret: '0'.repeat(30), ...changes });
    await refusal('SignatureDoesNotMatch', wrong.renewInstance(renewing(newToken())));
  }
  assert.equal((await described(api)).expiredTime, last.expiredTime, 'refusals renew nothing');

  return {
    orderId,
    weeklyOrderId: weekly,
    expiredBefore: before.expiredTime,
    expiredAfter: after.expiredTime,
    expiredAtLast: last.expiredTime,
    price,
    refusals: codes,
  };
});
