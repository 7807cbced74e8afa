//! The providers' own SDKs and their users' tools, unchanged but for the endpoint. `./test` installs them.

use perennial_testkit::{Sandbox, clients};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_perennial");

/// Runs a client's script on a sandbox of its own; afterwards the books balance.
fn run(client: fn(&str, &perennial_testkit::Env) -> anyhow::Result<Value>, script: &str, sandbox: &Sandbox) -> Value {
    let seen = client(script, &sandbox.env().expect("has an environment")).unwrap_or_else(|error| panic!("{error:?}"));
    let ledger = sandbox.ledger().expect("shows its ledger");
    assert_eq!(ledger["audit"]["findings"], serde_json::json!([]), "{script}");
    seen
}

#[test]
fn the_guides_vps_renewal_runs_with_the_python_sdk() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "renew_vps.py", &sandbox);
}

#[test]
fn the_guides_domain_and_hosting_renew_together_with_the_python_sdk() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "renew_together.py", &sandbox);
}

#[test]
fn refusals_raise_the_python_sdks_own_exceptions() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "errors.py", &sandbox);
}

#[test]
fn the_httpie_plugin_signs_and_renews() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "httpie_renew.py", &sandbox);
}

#[test]
fn the_node_sdk_renews_over_tls() {
    let sandbox = Sandbox::options(BINARY).tls().start().expect("starts");
    run(clients::node, "renew_vps.cjs", &sandbox);
}

#[test]
fn the_older_node_client_reads_and_is_told_of_its_doubled_version() {
    let sandbox = Sandbox::options(BINARY).tls().start().expect("starts");
    run(clients::node, "legacy_client.cjs", &sandbox);
}

#[test]
fn alibaba_clouds_older_python_sdk_renews_by_query_and_form_in_json_and_xml() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "aliyun_legacy.py", &sandbox);
}

#[test]
fn alibaba_clouds_older_python_sdk_follows_a_renewal_through_the_billing_api() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "aliyun_legacy_bss.py", &sandbox);
}

#[test]
fn alibaba_clouds_older_python_sdk_repeats_a_renewal_without_a_token_and_renews_once() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "aliyun_legacy_retry.py", &sandbox);
}

#[test]
fn alibaba_clouds_python_sdk_reads_typed_answers_by_both_signatures() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::python, "aliyun_tea.py", &sandbox);
}

#[test]
fn alibaba_clouds_older_node_client_renews_by_get_and_by_form() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::node, "aliyun_pop.cjs", &sandbox);
}

#[test]
fn alibaba_clouds_node_sdk_reads_typed_answers_by_both_signatures() {
    let sandbox = Sandbox::start(BINARY).expect("starts");
    run(clients::node, "aliyun_tea.cjs", &sandbox);
}
