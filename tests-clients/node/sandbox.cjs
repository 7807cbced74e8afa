// What the scripts share: the sandbox's address and keys for a client, assertions, and the document printed at the end.
//
// OVHcloud's packages speak TLS only; NODE_EXTRA_CA_CERTS, set by whoever starts the script, makes them trust the sandbox.

'use strict';

const assert = require('node:assert/strict');
const dns = require('node:dns');

// The sandbox listens on 127.0.0.1; older versions of Node would try "localhost" as ::1 and stop there.
dns.setDefaultResultOrder('ipv4first');

function client(createClient) {
  const endpoint = new URL(process.env.OVH_ENDPOINT);
  return createClient({
    host: endpoint.hostname,
    port: Number(endpoint.port),
    basePath: endpoint.pathname.replace(/\/$/, ''),
    appKey: process.env.OVH_APPLICATION_KEY,
    appSecret: process.env.OVH_APPLICATION_SECRET,
    consumerKey: process.env.OVH_CONSUMER_KEY,
    timeout: 20000,
  });
}

// Resolves to `{status, message}` of a call that must be refused.
async function refusal(call) {
  let answer;
  try {
    answer = await call;
  } catch (refused) {
    return { status: refused.error, message: refused.message };
  }
  return assert.fail(`was not refused: ${JSON.stringify(answer)}`);
}

// Runs a script's body, prints the document it returns, and exits 1 with the reason if it throws.
function report(name, body) {
  const version = require(`${name}/package.json`).version;
  body().then(
    (document) => console.log(JSON.stringify({ client: `${name} ${version}`, ...document }, null, 1)),
    (reason) => {
      // The packages reject with plain objects, not with errors.
      console.error(reason instanceof Error ? reason.stack : `refused: ${JSON.stringify(reason)}`);
      process.exitCode = 1;
    },
  );
}

module.exports = { assert, client, refusal, report };
