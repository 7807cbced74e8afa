// Asks for the account with version 2 of the package `ovh`, the one before `@ovhcloud/node-ovh`, over TLS.
//
// That version does not know that `/v1` replaces the `/1.0` of the base, so `/v1/me` leaves as `/1.0/v1/me`. There is
// no such route, here or there: 404, with a JSON body, since the package calls back with the body's message.

'use strict';

const { assert, client, refusal, report } = require('./sandbox.cjs');

report('ovh', async () => {
  const api = client(require('ovh'));

  const me = await api.requestPromised('GET', '/me');
  assert.equal(me.currency.code, 'EUR');
  const doubled = await refusal(api.requestPromised('GET', '/v1/me'));
  assert.equal(doubled.status, 404);
  assert.ok(doubled.message, 'the refusal has a message');

  return { nichandle: me.nichandle, doubledPrefix: doubled };
});
