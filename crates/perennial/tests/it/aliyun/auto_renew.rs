//! What happens to instances at their expiry: `DescribeInstanceAutoRenewAttribute`, `ModifyInstanceAutoRenewAttribute`.

use serde_json::{Value, json};

use super::world::{
    AS_IT_GOES, Answer, CUSTOMER, FOREIGN, HERE, INSTANCE, LOCKED, UNTIL, World, column, columns, service,
};

const SHOWN: [&str; 6] =
    ["InstanceId", "RenewalStatus", "AutoRenewEnabled", "Duration", "PeriodUnit", "EnableExpectedRenewDay"];

#[track_caller]
fn describe(world: &World, parameters: &[(&str, &str)]) -> Answer {
    world.call("DescribeInstanceAutoRenewAttribute", &[&[HERE], parameters].concat())
}

#[track_caller]
fn modify(world: &World, parameters: &[(&str, &str)]) -> Answer {
    world.call("ModifyInstanceAutoRenewAttribute", &[&[HERE], parameters].concat())
}

#[track_caller]
fn attributes(world: &World, parameters: &[(&str, &str)]) -> Vec<Value> {
    let seen = describe(world, parameters).done();
    columns(&seen["InstanceRenewAttributes"]["InstanceRenewAttribute"], SHOWN)
}

/// Names with commas between them.
fn names(ids: &[&str]) -> String {
    ids.join(",")
}

#[test]
fn each_setting_is_shown_as_it_was_made() {
    let world = World::start();
    for (parameters, shown) in [
        (&[("RenewalStatus", "Normal")][..], json!(["Normal", false, 0, "Month", false])),
        (&[("RenewalStatus", "AutoRenewal"), ("Duration", "3")], json!(["AutoRenewal", true, 3, "Month", false])),
        (
            &[("RenewalStatus", "AutoRenewal"), ("Duration", "2"), ("PeriodUnit", "Week")],
            json!(["AutoRenewal", true, 2, "Week", false]),
        ),
        (
            &[("RenewalStatus", "AutoRenewal"), ("Duration", "1"), ("PeriodUnit", "Year")],
            json!(["AutoRenewal", true, 12, "Month", false]),
        ),
        (&[("RenewalStatus", "NotRenewal")], json!(["NotRenewal", false, 0, "Month", false])),
        (&[("RenewalStatus", "Normal"), ("Duration", "0")], json!(["Normal", false, 0, "Month", false])),
        // The older way, which counts where there is no status.
        (&[("AutoRenew", "True"), ("Duration", "6")], json!(["AutoRenewal", true, 6, "Month", false])),
        (&[("AutoRenew", "false")], json!(["Normal", false, 0, "Month", false])),
        (&[("AutoRenew", "true"), ("RenewalStatus", "Normal")], json!(["Normal", false, 0, "Month", false])),
        (&[("AutoRenew", "true")], json!(["AutoRenewal", true, 1, "Month", false])),
        (&[], json!(["Normal", false, 0, "Month", false])),
    ] {
        let done = modify(&world, &[&[("InstanceId", INSTANCE)], parameters].concat()).done();
        assert_eq!(done.as_object().unwrap().len(), 1, "nothing but the id of the request: {done}");
        let mut row = vec![json!(INSTANCE)];
        row.extend(shown.as_array().unwrap().iter().cloned());
        assert_eq!(attributes(&world, &[("InstanceId", INSTANCE)]), [json!(row)], "{parameters:?}");
    }
}

#[test]
fn renewals_go_on_to_the_accounts_day_by_themselves_where_the_seller_says_so() {
    let world = World::start();
    let is_drawn = || attributes(&world, &[("InstanceId", INSTANCE)])[0][5].clone();
    let set = |parameters: &[(&str, &str)]| {
        modify(&world, &[&[("InstanceId", INSTANCE)], parameters].concat()).done();
    };
    let unify = |day: &str| drop(world.billing("SetAllExpirationDay", &[("UnifyExpireDay", day)]).done());
    unify("12");
    assert_eq!(is_drawn(), json!(false), "that day is for renewals by hand");
    let account =
        format!("[[accounts]]\ncode = \"{CUSTOMER}\"\nname = \"Li Wei\"\nemail = \"{CUSTOMER}@example.net\"\n");
    let more = "country = \"CN\"\ncurrency = \"CNY\"\ntax = \"exempt\"\nalign_day = 20\n";
    world.import(&format!("{account}{more}"));
    assert_eq!(is_drawn(), json!(false), "they go on to another day");
    world.import(&format!("{account}{more}facts = {{}}\n"));
    assert_eq!(is_drawn(), json!(true), "the seller's day is the account's where that set none");
    world.call("DescribeRenewalPrice", &[HERE, ("ResourceId", INSTANCE), ("ExpectedRenewDay", "20")]).done();
    unify("20");
    assert_eq!(is_drawn(), json!(true));
    for (parameters, drawn) in [
        (&[("RenewalStatus", "AutoRenewal"), ("Duration", "1"), ("PeriodUnit", "Week")][..], false),
        (&[("RenewalStatus", "AutoRenewal"), ("Duration", "3")], true),
        (&[("RenewalStatus", "Normal")], false),
        (&[("RenewalStatus", "NotRenewal")], false),
        (&[("RenewalStatus", "AutoRenewal")], true),
    ] {
        set(parameters);
        assert_eq!(is_drawn(), json!(drawn), "{parameters:?}");
    }
}

#[test]
fn the_same_setting_twice_changes_nothing() {
    let world = World::start();
    let asked = [("InstanceId", INSTANCE), ("RenewalStatus", "AutoRenewal"), ("Duration", "3")];
    modify(&world, &asked).done();
    let before = world.ledger();
    modify(&world, &asked).done();
    assert_eq!(world.ledger(), before);
}

#[test]
fn instances_are_listed_by_ids_by_status_and_by_pages() {
    let world = World::start();
    world.subscriptions([("i-a", UNTIL), ("i-b", UNTIL), ("i-gone", "2026-10-01")]);
    let listed = |parameters: &[(&str, &str)]| {
        let seen = describe(&world, parameters).done();
        let ids = column(&seen["InstanceRenewAttributes"]["InstanceRenewAttribute"], "InstanceId");
        (ids, ["TotalCount", "PageNumber", "PageSize"].map(|name| seen[name].as_i64().unwrap()))
    };
    // What is paid as it goes is not renewed, so it is in no list; imported services renew by hand.
    for (parameters, ids, told) in [
        (&[("RenewalStatus", "AutoRenewal")][..], &[INSTANCE, LOCKED][..], [2, 1, 10]),
        (&[("RenewalStatus", "Normal")], &["i-a", "i-b"], [2, 1, 10]),
        (&[("RenewalStatus", "NotRenewal")], &[], [0, 1, 10]),
        (&[("InstanceId", &names(&["i-b", INSTANCE]))], &["i-b", INSTANCE], [2, 1, 10]),
        (&[("InstanceId", &names(&["i-b", INSTANCE])), ("RenewalStatus", "Normal")], &["i-b"], [1, 1, 10]),
        (&[("InstanceId", &names(&["i-a", "i-a"]))], &["i-a"], [1, 1, 10]),
        (&[("RenewalStatus", "Normal"), ("PageSize", "1"), ("PageNumber", "2")], &["i-b"], [2, 2, 1]),
        (&[("RenewalStatus", "Normal"), ("PageSize", "100"), ("PageNumber", "2")], &[], [2, 2, 100]),
    ] {
        let expected = (ids.iter().map(|id| (*id).to_owned()).collect(), told);
        assert_eq!(listed(parameters), expected, "{parameters:?}");
    }
}

#[test]
fn every_refusal_of_a_list_has_its_code() {
    let world = World::start();
    world.subscriptions([("i-new", UNTIL), ("i-gone", "2026-10-01")]);
    world.hold("i-new", "unpaid");
    let many = vec![INSTANCE; 101].join(",");
    for (parameters, status, code) in [
        (&[][..], 403, "InvalidParameter.RenewalStatusInstanceId"),
        (&[("InstanceId", ""), ("RenewalStatus", "")], 403, "InvalidParameter.RenewalStatusInstanceId"),
        (&[("RenewalStatus", "ManualRenewal")], 403, "InvalidParameter.RenewalStatus"),
        (&[("InstanceId", &many)], 403, "InvalidParameter.ToManyInstanceIds"),
        (&[("InstanceId", "i-nobodys")], 403, "InvalidParameter.InvalidInstanceId"),
        (&[("InstanceId", FOREIGN)], 403, "InvalidParameter.InvalidInstanceId"),
        (&[("InstanceId", "i-gone")], 403, "InvalidParameter.InvalidInstanceId"),
        (&[("InstanceId", &names(&[INSTANCE, "i-nobodys"]))], 403, "InvalidParameter.InvalidInstanceId"),
        (&[("InstanceId", AS_IT_GOES)], 403, "ChargeTypeViolation"),
        (&[("InstanceId", "i-new")], 403, "IncorrectInstanceStatus"),
        (&[("InstanceId", INSTANCE), ("PageSize", "0")], 403, "InvalidParameter.PageSize"),
        (&[("InstanceId", INSTANCE), ("PageSize", "101")], 403, "InvalidParameter.PageSize"),
        (&[("InstanceId", INSTANCE), ("PageNumber", "0")], 403, "InvalidParameter.PageNumber"),
        (&[("InstanceId", INSTANCE), ("PageNumber", "x")], 403, "InvalidParameter.PageNumber"),
    ] {
        assert_eq!(describe(&world, parameters).code(), (status, code), "{parameters:?}");
    }
    let none = world.call("DescribeInstanceAutoRenewAttribute", &[("InstanceId", INSTANCE)]);
    assert_eq!(none.code(), (400, "MissingRegionId"));
    let elsewhere = [("RegionId", "cn-nowhere"), ("InstanceId", INSTANCE)];
    let elsewhere = world.call("DescribeInstanceAutoRenewAttribute", &elsewhere);
    assert_eq!(elsewhere.code(), (404, "InvalidRegionId.NotFound"));
}

#[test]
fn a_batch_is_set_whole_or_not_at_all() {
    let world = World::start();
    world.subscriptions([("i-a", UNTIL), ("i-b", UNTIL), ("i-new", UNTIL), ("i-gone", "2026-10-01")]);
    world.hold("i-new", "unpaid");
    let before = world.ledger();
    for (bad, code) in [
        ("i-nobodys", "InvalidParameter.InvalidInstanceId"),
        (FOREIGN, "InvalidParameter.InvalidInstanceId"),
        ("i-gone", "InvalidParameter.InvalidInstanceId"),
        ("", "InvalidParameter.InvalidInstanceId"),
        (AS_IT_GOES, "ChargeTypeViolation"),
        (LOCKED, "IncorrectInstanceStatus"),
        ("i-new", "IncorrectInstanceStatus"),
    ] {
        for ids in [["i-a", bad, "i-b"], [bad, "i-a", "i-b"], ["i-a", "i-b", bad]] {
            let ids = names(&ids);
            let asked = [("InstanceId", ids.as_str()), ("RenewalStatus", "AutoRenewal"), ("Duration", "1")];
            assert_eq!(modify(&world, &asked).code(), (403, code), "{ids}");
        }
    }
    assert_eq!(world.ledger(), before);
    let ids = names(&["i-a", "i-b"]);
    modify(&world, &[("InstanceId", &ids), ("RenewalStatus", "AutoRenewal"), ("Duration", "12")]).done();
    let row = |id: &str| json!([id, "AutoRenewal", true, 12, "Month", false]);
    assert_eq!(attributes(&world, &[("InstanceId", &ids)]), [row("i-a"), row("i-b")]);
    assert_eq!(
        world.as_other(|world| attributes(world, &[("RenewalStatus", "AutoRenewal")])),
        [json!([FOREIGN, "AutoRenewal", true, 1, "Month", false])]
    );
}

#[test]
fn every_refusal_of_a_setting_has_its_code_and_changes_nothing() {
    let world = World::start();
    let many = vec![INSTANCE; 101].join(",");
    let automatic = |more: &[(&'static str, &'static str)]| {
        [&[("InstanceId", INSTANCE), ("RenewalStatus", "AutoRenewal")], more].concat()
    };
    let before = world.ledger();
    for (parameters, status, code) in [
        (vec![], 403, "MissingParameter.InstanceId"),
        (vec![("InstanceId", "")], 403, "MissingParameter.InstanceId"),
        (vec![("InstanceId", &many[..])], 403, "InvalidParameter.ToManyInstanceIds"),
        (vec![("InstanceId", INSTANCE), ("RenewalStatus", "ManualRenewal")], 403, "InvalidParameter.RenewalStatus"),
        (vec![("InstanceId", INSTANCE), ("AutoRenew", "yes")], 403, "InvalidParameter.AutoRenew"),
        (automatic(&[("Duration", "0")]), 403, "InvalidParameter.Duration"),
        (automatic(&[("Duration", "4")]), 403, "InvalidParameter.Duration"),
        (automatic(&[("Duration", "x")]), 403, "InvalidParameter.Duration"),
        (automatic(&[("Duration", "6"), ("PeriodUnit", "Year")]), 403, "InvalidParameter.Duration"),
        (automatic(&[("Duration", "5"), ("PeriodUnit", "Week")]), 403, "InvalidParameter.Duration"),
        (automatic(&[("Duration", "1"), ("PeriodUnit", "Day")]), 403, "InvalidPeriodUnit.ValueNotSupported"),
    ] {
        assert_eq!(modify(&world, &parameters).code(), (status, code), "{parameters:?}");
    }
    assert_eq!(world.ledger(), before);
    world.subscriptions([("i-late", "2026-11-20")]);
    let late = |status| [("InstanceId", "i-late"), ("RenewalStatus", status)];
    assert_eq!(modify(&world, &late("AutoRenewal")).code(), (403, "IncorrectInstanceStatus"), "it has expired");
    assert_eq!(modify(&world, &late("Normal")).status, 200);
    let elsewhere = [("RegionId", "cn-nowhere"), ("InstanceId", INSTANCE), ("RenewalStatus", "Normal")];
    let elsewhere = world.call("ModifyInstanceAutoRenewAttribute", &elsewhere);
    assert_eq!(elsewhere.code(), (404, "InvalidRegionId.NotFound"));
}

#[test]
fn a_period_that_is_not_sold_cannot_be_set() {
    let world = World::start();
    let product = "[[products]]\ncode = \"ecs.m\"\nname = \"ECS m\"\nkind = \"instance\"\n\
                   prices = [{ period = \"P1M\", net = 100, currency = \"CNY\" }]\n";
    world.import(&[product, &service("i-m", CUSTOMER, "ecs.m", UNTIL, "")].concat());
    let asked = [("InstanceId", "i-m"), ("RenewalStatus", "AutoRenewal"), ("Duration", "3")];
    assert_eq!(modify(&world, &asked).code(), (403, "InvalidParameter.Duration"));
}

#[test]
fn a_locked_instance_can_be_set_to_be_renewed_by_hand_only() {
    let world = World::start();
    let set = |status: &str| modify(&world, &[("InstanceId", LOCKED), ("RenewalStatus", status)]).code().0;
    assert_eq!(["NotRenewal", "AutoRenewal", "Normal"].map(set), [403, 403, 200]);
    assert_eq!(attributes(&world, &[("InstanceId", LOCKED)])[0][1], "Normal");
}

#[test]
fn what_is_not_to_be_renewed_goes_back_through_normal_in_time() {
    let world = World::start();
    let set = |status: &str| modify(&world, &[("InstanceId", INSTANCE), ("RenewalStatus", status)]);
    let renew = || world.call("RenewInstance", &[("InstanceId", INSTANCE), ("Period", "1")]);
    set("NotRenewal").done();
    assert_eq!(renew().code(), (403, "IncorrectInstanceStatus"));
    set("Normal").done();
    renew().order();
    // A day before the expiry, midnight of 12 January in Shanghai, it is too late for either.
    world.sandbox.set_clock("2027-01-10T16:00:01Z").unwrap();
    assert_eq!(set("NotRenewal").code(), (403, "IncorrectInstanceStatus"));
    set("AutoRenewal").done();
}

#[test]
fn an_expired_instance_that_was_not_to_be_renewed_is_gone() {
    let world = World::start();
    modify(&world, &[("InstanceId", INSTANCE), ("RenewalStatus", "NotRenewal")]).done();
    world.sandbox.set_clock("2026-12-11T16:00:01Z").unwrap();
    let gone = (403, "InvalidParameter.InvalidInstanceId");
    assert_eq!(describe(&world, &[("InstanceId", INSTANCE)]).code(), gone);
    assert_eq!(modify(&world, &[("InstanceId", INSTANCE), ("RenewalStatus", "Normal")]).code(), gone);
    let renewed = world.call("RenewInstance", &[("InstanceId", INSTANCE), ("Period", "1")]);
    assert_eq!(renewed.code(), (404, "InvalidInstanceId.NotFound"));
}
