//! A recorded exchange for every call that is served: the whole answer, as the proof in the table of endpoints. The
//! calls follow each other, as a customer would make them. What only signs a request is not recorded.

use perennial_providers::{Dialect, Endpoint, Settings};
use perennial_testkit::AliyunClient;
use perennial_testkit::aliyun::{BILLING, ECS, Format};
use serde_json::Value;

use super::world::{AS_IT_GOES, HERE, INSTANCE, SERVER, World};
use crate::exchange::Exchange;

/// The calls of a test that were recorded.
struct Tape {
    world: World,
    client: AliyunClient,
    recorded: Vec<String>,
}

impl Tape {
    fn start() -> Self {
        let world = World::start();
        let client = AliyunClient::of(&world.sandbox).unwrap();
        Self { world, client, recorded: Vec::new() }
    }

    /// Records a call that succeeds; its snapshot lies where the table of endpoints looks for it.
    #[track_caller]
    fn record(&mut self, name: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        let exchange = self.exchange(name, version, action, parameters);
        assert_eq!(exchange.status, 200, "{}", exchange.recording);
        self.recorded.push(format!("/?Action={action}&Version={version}"));
        exchange.body
    }

    #[track_caller]
    fn exchange(&mut self, name: &str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Exchange {
        let signed = self.client.signed(version, action, parameters).unwrap();
        let response = self.client.send(&signed).unwrap();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters);
        let target = format!("/?{}", query.finish());
        let base = self.world.sandbox.aliyun();
        let exchange = Exchange::of("POST", &target, None, response, &base);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(format!("it__aliyun__{name}"), exchange.recording));
        exchange
    }

    #[track_caller]
    fn ecs(&mut self, name: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.record(name, ECS, action, parameters)
    }

    #[track_caller]
    fn billing(&mut self, name: &str, action: &str, parameters: &[(&str, &str)]) -> Value {
        self.record(name, BILLING, action, parameters)
    }
}

fn endpoints() -> Vec<Endpoint> {
    (Dialect::named("aliyun").unwrap().make)(Settings::default()).endpoints()
}

#[test]
fn every_call_that_is_served_is_recorded() {
    let mut tape = Tape::start();
    instances(&mut tape);
    renewals(&mut tape);
    billing(&mut tape);
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.served) {
        assert!(tape.recorded.iter().any(|path| path == endpoint.path), "nothing is recorded of {}", endpoint.path);
    }
    tape.world.assert_sound();
}

fn instances(tape: &mut Tape) {
    tape.ecs("regions", "DescribeRegions", &[("AcceptLanguage", "en-US")]);
    tape.ecs("instances", "DescribeInstances", &[HERE, ("NeedSaleCycle", "true")]);
    tape.ecs("instance_status", "DescribeInstanceStatus", &[HERE, ("PageSize", "2")]);
    let asked = [HERE, ("InstanceId", INSTANCE), ("RenewalStatus", "AutoRenewal")];
    tape.ecs("auto_renewal", "DescribeInstanceAutoRenewAttribute", &asked);
    let asked = [HERE, ("InstanceId", INSTANCE), ("RenewalStatus", "AutoRenewal"), ("Duration", "3")];
    tape.ecs("auto_renewal_set", "ModifyInstanceAutoRenewAttribute", &asked);
}

fn renewals(tape: &mut Tape) {
    let asked = [HERE, ("ResourceId", INSTANCE), ("Period", "1"), ("PriceUnit", "Month")];
    tape.ecs("renewal_price", "DescribeRenewalPrice", &asked);
    let asked = [("InstanceId", INSTANCE), ("Period", "1"), ("PeriodUnit", "Month"), ("ClientToken", "0c593ea1")];
    tape.ecs("renewed", "RenewInstance", &asked);
    tape.billing("expiration_day_set", "SetAllExpirationDay", &[("UnifyExpireDay", "28")]);
    let asked = [("InstanceId", INSTANCE), ("ExpectedRenewDay", "28")];
    tape.ecs("renewed_to_a_day", "RenewInstance", &asked);
}

fn billing(tape: &mut Tape) {
    tape.world.credit("100");
    let asked = [("ProductCode", "swas"), ("InstanceId", SERVER), ("RenewPeriod", "3"), ("ClientToken", "7d1c")];
    let order = tape.billing("server_renewed", "RenewInstance", &asked)["Data"]["OrderId"].clone();
    tape.billing("balance", "QueryAccountBalance", &[]);
    tape.billing("order_paid", "GetOrderDetail", &[("OrderId", order.as_str().unwrap())]);
    let open = tape.world.place(INSTANCE);
    tape.billing("order_unpaid", "GetOrderDetail", &[("OrderId", &open)]);
    tape.billing("order_cancelled", "CancelOrder", &[("OrderId", &open)]);
    tape.billing("orders", "QueryOrders", &[("OrderType", "Renew"), ("PageSize", "2")]);
    let asked = [
        ("InstanceIDs", SERVER),
        ("RenewalStatus", "AutoRenewal"),
        ("RenewalPeriod", "1"),
        ("RenewalPeriodUnit", "Y"),
        ("ProductCode", "swas"),
    ];
    tape.billing("renewal_set", "SetRenewal", &asked);
    tape.billing("available", "QueryAvailableInstances", &[]);
}

#[test]
fn the_other_writing_and_a_refusal_are_recorded() {
    let mut tape = Tape::start();
    tape.exchange("refused", ECS, "RenewInstance", &[("InstanceId", AS_IT_GOES), ("Period", "1")]);
    tape.client = tape.client.rpc().format(Format::Xml);
    let ids = format!("[\"{INSTANCE}\"]");
    tape.exchange("instances_xml", ECS, "DescribeInstances", &[HERE, ("InstanceIds", &ids)]);
    tape.exchange("refused_xml", BILLING, "GetOrderDetail", &[("OrderId", "900000001")]);
}
