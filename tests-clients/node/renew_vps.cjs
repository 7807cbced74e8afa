// Renews a VPS for one month with OVHcloud's own package for Node, over TLS, up to the bill.
//
// Quirks of the package that the server must live with: it signs `https://HOST` without the port, sends a Content-Type
// on GET as well, puts `{name}` parameters into the path, and never signs a path that has `/auth` in it.

'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { assert, client, refusal, report } = require('./sandbox.cjs');

const NAME = 'vps112233.ovh.net';
const PERIOD = 'P1M';

// Returns the date one month later; a month's last day may stand for a later anchor day, so two answers can be right.
function nextMonth(date) {
  const [year, month, day] = date.split('-').map(Number);
  const last = (y, m) => new Date(Date.UTC(y, m, 0)).getUTCDate();
  const [toYear, toMonth] = month === 12 ? [year + 1, 1] : [year, month + 1];
  const days = [Math.min(day, last(toYear, toMonth))];
  if (day === last(year, month)) {
    for (let anchor = day + 1; anchor <= last(toYear, toMonth); anchor += 1) days.push(anchor);
  }
  return days.map((each) => new Date(Date.UTC(toYear, toMonth - 1, each)).toISOString().slice(0, 10));
}

async function delivered(api, id) {
  for (let tries = 0; tries < 100; tries += 1) {
    const status = await api.requestPromised('GET', '/me/order/{id}/status', { id });
    if (status === 'delivered') return;
    assert.ok(['checking', 'delivering'].includes(status), `a paid order is on its way, not ${status}`);
    await pause(100);
  }
  assert.fail(`order ${id} was not delivered in time`);
}

report('@ovhcloud/node-ovh', async () => {
  const api = client(require('@ovhcloud/node-ovh'));

  const before = await api.requestPromised('GET', '/vps/{name}/serviceInfos', { name: NAME });
  assert.equal(before.domain, NAME);
  const id = before.serviceId;
  const offers = await api.requestPromised('GET', '/service/{id}/renew', { id, includeOptions: false });
  const offer = offers
    .find((each) => each.renewPeriod === PERIOD)
    ?.strategies.find((each) => each.services.length === 1 && each.services[0] === id);
  assert.ok(offer, `a month is offered for the VPS alone: ${JSON.stringify(offers)}`);

  const order = await api.requestPromised('POST', '/service/{id}/renew', {
    id,
    duration: PERIOD,
    dryRun: false,
    services: [id],
  });
  assert.equal(order.priceWithoutTax.value, offer.price.value);
  const paid = await api.requestPromised('POST', '/me/order/{order}/payWithRegisteredPaymentMean', {
    order: order.orderId,
    paymentMean: 'paypal',
    paymentMeanId: 1234,
  });
  assert.equal(paid, null);
  await delivered(api, order.orderId);

  // A path under /v1 takes the place of the base path.
  const after = await api.requestPromised('GET', '/v1/vps/{name}/serviceInfos', { name: NAME });
  const expected = nextMonth(before.expiration);
  assert.ok(expected.includes(after.expiration), `${before.expiration} moved to ${after.expiration}, not ${expected}`);
  const bills = await api.requestPromised('GET', '/me/bill', { orderId: order.orderId });
  assert.equal(bills.length, 1);
  const bill = await api.requestPromised('GET', '/me/bill/{bill}', { bill: bills[0] });
  assert.equal(bill.priceWithTax.value, order.priceWithTax.value);

  const unsigned = await refusal(api.requestPromised('GET', '/auth/currentCredential'));
  assert.ok([401, 403].includes(unsigned.status), `an unsigned call is refused as such: ${JSON.stringify(unsigned)}`);
  assert.ok(unsigned.message, 'with a message');

  return {
    serviceId: id,
    orderId: order.orderId,
    billId: bills[0],
    expirationBefore: before.expiration,
    expirationAfter: after.expiration,
    priceWithTax: order.priceWithTax,
    unsignedCurrentCredential: unsigned,
  };
});
