//! Alibaba Cloud's API: instances by ECS, all else by its API of billing. It pays what it orders.

use jiff::civil::Date;
use perennial_testkit::AliyunClient;
use perennial_testkit::http::Response;
use serde_json::{Value, json};

use super::voice::{AtExpiry, Bare, State, Voice, bare, day, done, items};
use super::{Kind, Service, Wish};

/// The region of what has none.
const REGION: (&str, &str) = ("RegionId", "cn-hangzhou");

/// Alibaba Cloud's: services by name, orders by number.
pub struct Aliyun(pub AliyunClient);

impl Aliyun {
    fn ecs(&mut self, action: &str, parameters: &[(&str, &str)]) -> Response {
        self.0.call(action, parameters).unwrap()
    }

    fn billing(&mut self, action: &str, parameters: &[(&str, &str)]) -> Response {
        self.0.billing(action, parameters).unwrap()
    }

    /// A service as the list of all products has it.
    fn item(&mut self, service: &Service) -> Value {
        let found = done(&self.billing("QueryAvailableInstances", &[("InstanceIDs", &service.name)]));
        let [item] = found["Data"]["InstanceList"].as_array().unwrap().as_slice() else { panic!("{found}") };
        item.clone()
    }

    /// Sets what happens at the expiry, in the word of billing and in that of ECS.
    fn set(&mut self, service: &Service, billing: &str, ecs: &str) {
        let name = service.name.as_str();
        if service.kind == Kind::Instance {
            let set = [REGION, ("InstanceId", name), ("RenewalStatus", ecs), ("Duration", "1")];
            done(&self.ecs("ModifyInstanceAutoRenewAttribute", &set));
        } else {
            let set = [
                ("InstanceIDs", name),
                ("ProductCode", service.kind.word()),
                ("RenewalStatus", billing),
                ("RenewalPeriod", "1"),
                ("RenewalPeriodUnit", "M"),
            ];
            done(&self.billing("SetRenewal", &set));
        }
    }
}

impl Voice for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn knows(&self, _: Kind) -> bool {
        true
    }

    fn find(&mut self, service: &Service) -> String {
        if service.kind != Kind::Instance {
            return self.item(service)["InstanceID"].as_str().unwrap().to_owned();
        }
        let found = done(&self.ecs("DescribeInstances", &[REGION, ("InstanceName", &service.name)]));
        let [instance] = found["Instances"]["Instance"].as_array().unwrap().as_slice() else { panic!("{found}") };
        instance["InstanceId"].as_str().unwrap().to_owned()
    }

    fn expiry(&mut self, service: &Service, id: &str) -> Date {
        let item = self.item(service);
        assert_eq!(item["InstanceID"], id);
        let expiry = day(&item["EndTime"]);
        if service.kind == Kind::Instance {
            let shown = done(&self.ecs("DescribeInstances", &[REGION, ("InstanceIds", &json!([id]).to_string())]));
            let told = shown["Instances"]["Instance"][0]["ExpiredTime"].as_str().unwrap();
            assert_eq!(day(&json!(told.replace('Z', ":00Z"))), expiry);
        }
        expiry
    }

    fn renew(&mut self, service: &Service, wish: Wish) -> Result<i64, Response> {
        let months = if wish == Wish::Own { service.kind.months() } else { service.kind.other_months() }.to_string();
        let name = service.name.as_str();
        let answer = if service.kind == Kind::Instance {
            self.ecs("RenewInstance", &[("InstanceId", name), ("Period", &months)])
        } else {
            let code = service.kind.word();
            let renewal = [("InstanceId", name), ("ProductCode", code), ("RenewPeriod", &months)];
            self.billing("RenewInstance", &renewal)
        };
        if answer.status != 200 {
            return Err(answer);
        }
        let renewed = done(&answer);
        let order = renewed["OrderId"].as_str().or_else(|| renewed["Data"]["OrderId"].as_str());
        Ok(order.unwrap().parse().unwrap())
    }

    fn renew_or_name(&mut self, service: &Service) -> i64 {
        panic!("this API leaves no order open, such as one of {service:?}");
    }

    fn leaves_open(&self) -> bool {
        false
    }

    fn pay(&mut self, order: i64) {
        panic!("this API has no call that pays order {order}");
    }

    fn cancel(&mut self, order: i64) {
        done(&self.billing("CancelOrder", &[("OrderId", &order.to_string())]));
    }

    fn state(&mut self, order: i64) -> State {
        let shown = done(&self.billing("GetOrderDetail", &[("OrderId", &order.to_string())]));
        match shown["Data"]["OrderList"]["Order"][0]["PaymentStatus"].as_str().unwrap() {
            "Unpaid" => State::Open,
            "Paid" => State::Paid,
            "Cancelled" => State::Cancelled,
            other => panic!("{other}"),
        }
    }

    fn at_expiry(&mut self, service: &Service) -> AtExpiry {
        let item = self.item(service);
        if service.kind == Kind::Instance {
            let of = [REGION, ("InstanceId", service.name.as_str())];
            let shown = done(&self.ecs("DescribeInstanceAutoRenewAttribute", &of));
            let told = &shown["InstanceRenewAttributes"]["InstanceRenewAttribute"][0]["RenewalStatus"];
            let in_billing = if told == "Normal" { &json!("ManualRenewal") } else { told };
            assert_eq!(item["RenewStatus"], *in_billing);
        }
        match item["RenewStatus"].as_str().unwrap() {
            "AutoRenewal" => AtExpiry::Renews,
            "ManualRenewal" => AtExpiry::Lapses,
            "NotRenewal" => AtExpiry::Ends,
            other => panic!("{other}"),
        }
    }

    fn end(&mut self, service: &Service) {
        self.set(service, "NotRenewal", "NotRenewal");
    }

    fn resume(&mut self, service: &Service) {
        self.set(service, "ManualRenewal", "Normal");
    }

    fn switch(&mut self, service: &Service, automatic: bool) -> bool {
        if automatic {
            self.set(service, "AutoRenewal", "AutoRenewal");
        } else {
            self.set(service, "ManualRenewal", "Normal");
        }
        true
    }

    fn names(&self, refusal: &Value, order: i64) -> bool {
        refusal["Message"].as_str().unwrap().contains(&format!("order {order} "))
    }

    fn listed(&mut self) -> Value {
        let services = done(&self.billing("QueryAvailableInstances", &[("PageSize", "300")]));
        let instances = done(&self.ecs("DescribeInstances", &[REGION, ("PageSize", "100")]));
        let since = [("CreateTimeStart", "2026-01-01T00:00:00Z"), ("PageSize", "300")];
        let orders = done(&self.billing("QueryOrders", &since));
        let services: Vec<_> =
            items(&services["Data"]["InstanceList"]).map(|item| item["InstanceID"].clone()).collect();
        let instances = items(&instances["Instances"]["Instance"]);
        let instances: Vec<_> = instances.map(|item| json!([item["InstanceId"], item["InstanceName"]])).collect();
        let orders: Vec<_> = items(&orders["Data"]["OrderList"]["Order"]).map(|item| item["OrderId"].clone()).collect();
        assert!(!services.is_empty() && !instances.is_empty() && !orders.is_empty(), "{services:?}");
        json!([services, instances, orders])
    }

    fn service_calls(&mut self, service: &Service) -> Vec<Bare> {
        let name = service.name.as_str();
        let answers = if service.kind == Kind::Instance {
            let (of, with_status) = (("InstanceId", name), ("RenewalStatus", "Normal"));
            [
                self.ecs("RenewInstance", &[of, ("Period", "1")]),
                self.ecs("DescribeRenewalPrice", &[REGION, ("ResourceId", name)]),
                self.ecs("DescribeInstanceAutoRenewAttribute", &[REGION, of]),
                self.ecs("ModifyInstanceAutoRenewAttribute", &[REGION, of, with_status]),
            ]
            .to_vec()
        } else {
            let (of, code) = (("InstanceId", name), ("ProductCode", service.kind.word()));
            [
                self.billing("RenewInstance", &[of, code, ("RenewPeriod", "12")]),
                self.billing("SetRenewal", &[("InstanceIDs", name), code, ("RenewalStatus", "ManualRenewal")]),
            ]
            .to_vec()
        };
        let found = done(&self.billing("QueryAvailableInstances", &[("InstanceIDs", name)]));
        assert_eq!(found["Data"]["TotalCount"], 0, "{found}");
        answers.iter().map(|answer| bare(answer, &[name])).collect()
    }

    fn order_calls(&mut self, order: i64) -> Vec<Bare> {
        let id = order.to_string();
        ["GetOrderDetail", "CancelOrder"]
            .map(|action| bare(&self.billing(action, &[("OrderId", &id)]), &[&id]))
            .to_vec()
    }
}
