//! `DescribeInstances`, `DescribeInstanceStatus` and `DescribeRegions`: who is shown, a page at a time, and what is
//! refused.

use serde_json::{Value, json};

use super::world::{AS_IT_GOES, Answer, CUSTOMER, FOREIGN, HERE, INSTANCE, LOCKED, UNTIL, World, column, service};

/// The ids that a list of instances shows.
#[track_caller]
fn ids(seen: &Value) -> Vec<String> {
    column(&seen["Instances"]["Instance"], "InstanceId")
}

/// The ids that the instances of the region have which a request asks for.
#[track_caller]
fn shown(world: &World, parameters: &[(&str, &str)]) -> Vec<String> {
    ids(&world.call("DescribeInstances", &[&[HERE], parameters].concat()).done())
}

/// The demo customer's instances, and some that differ from them.
fn with_all_sorts() -> World {
    let world = World::start();
    let product = "[[products]]\ncode = \"ecs.c7.xlarge\"\nname = \"ECS c7.xlarge\"\nkind = \"instance\"\n\
                   prices = [{ period = \"P1W\", net = 100, currency = \"CNY\" }]\n";
    let tags = "display_name = \"batch-1\"\nfacts = { zone = \"cn-hangzhou-b\", \"tag:env\" = \"test\", \"tag:team\" = \
                \"shop\", image = \"img-1\", resource_group = \"rg-1\" }";
    world.import(
        &[
            product,
            &service("i-batch", CUSTOMER, "ecs.c7.xlarge", "2027-06-01", tags),
            &service("i-late", CUSTOMER, "ecs.g6.large", "2026-11-20", ""),
            &service("i-stopped", CUSTOMER, "ecs.g6.large", "2026-11-10", ""),
            &service("i-gone", CUSTOMER, "ecs.g6.large", "2026-10-01", ""),
            &service("i-north", CUSTOMER, "ecs.g6.large", UNTIL, "facts = { region = \"cn-beijing\" }"),
        ]
        .concat(),
    );
    world
}

#[test]
fn each_filter_shows_those_that_it_takes() {
    let world = with_all_sorts();
    let all = [INSTANCE, AS_IT_GOES, LOCKED, "i-batch", "i-late", "i-stopped"];
    let demo = &all[..3];
    for (parameters, expected) in [
        (&[][..], &all[..]),
        (&[("InstanceChargeType", "PostPaid")], &[AS_IT_GOES]),
        (&[("InstanceChargeType", "PrePaid"), ("InstanceName", "web-*")], &[INSTANCE]),
        (&[("InstanceName", "*-1")], &all[..4]),
        (&[("InstanceName", "web")], &[]),
        (&[("Status", "Stopped")], &["i-late", "i-stopped"]),
        (&[("Status", "Running"), ("LockReason", "financial")], &[]),
        (&[("Status", "Starting")], &[]),
        (&[("LockReason", "financial")], &["i-late", "i-stopped"]),
        (&[("LockReason", "security")], &[LOCKED]),
        (&[("LockReason", "Recycling")], &[]),
        (&[("Tag.1.Key", "team")], &[INSTANCE, AS_IT_GOES, "i-batch"]),
        (&[("Tag.1.Key", "team"), ("Tag.2.Key", "env"), ("Tag.2.Value", "test")], &["i-batch"]),
        (&[("Tag.1.Key", "team"), ("Tag.1.Value", "other")], &[]),
        (&[("ZoneId", "cn-hangzhou-b")], &["i-batch"]),
        (&[("InstanceType", "ecs.g6.large"), ("ImageId", "debian_12_8_x64_20G_alibase_20241223.vhd")], &[LOCKED]),
        (&[("InstanceTypeFamily", "ecs.c7")], &["i-batch"]),
        (&[("ResourceGroupId", "rg-1")], &["i-batch"]),
        (&[("ResourceGroupId", "rg-2")], &[]),
        // What the ledger knows nothing of is passed over, and an empty filter is none.
        (&[("VpcId", "vpc-1"), ("InstanceNetworkType", "vpc"), ("Status", "")], &all),
        (&[("Filter.1.Key", "CreationStartTime"), ("Filter.1.Value", "2026-01-01T00:00Z")], &all[3..]),
        (
            &[("Filter.2.Key", "ExpiredEndTime"), ("Filter.2.Value", "2026-12-11T16:00Z")],
            &[INSTANCE, LOCKED, "i-late", "i-stopped"],
        ),
    ] {
        assert_eq!(shown(&world, parameters), expected, "{parameters:?}");
    }
    assert_eq!(shown(&world, &[("ZoneId", "cn-hangzhou-h"), ("Tag.1.Key", "")]), demo);
}

#[test]
fn ids_are_a_filter_and_those_of_nobody_are_left_out() {
    let world = with_all_sorts();
    for (ids, expected) in [
        (json!([LOCKED, INSTANCE, INSTANCE]), &[INSTANCE, LOCKED][..]),
        (json!([]), &[]),
        (json!([FOREIGN, "i-nobodys", "i-gone", "i-north"]), &[]),
        (json!(vec![INSTANCE; 100]), &[INSTANCE]),
    ] {
        assert_eq!(shown(&world, &[("InstanceIds", &ids.to_string())]), expected, "{ids}");
    }
    // A filter besides is a filter still.
    let both = json!([INSTANCE, AS_IT_GOES]).to_string();
    assert_eq!(shown(&world, &[("InstanceIds", &both), ("InstanceChargeType", "PrePaid")]), [INSTANCE]);
    let theirs = world.as_other(|world| shown(world, &[("InstanceIds", &json!([INSTANCE, FOREIGN]).to_string())]));
    assert_eq!(theirs, [FOREIGN]);
}

#[test]
fn an_instance_is_shown_where_it_is() {
    let world = with_all_sorts();
    let there = ids(&world.call("DescribeInstances", &[("RegionId", "cn-beijing")]).done());
    assert_eq!(there, ["i-north"]);
    let elsewhere = world.call("DescribeInstances", &[("RegionId", "cn-nowhere")]);
    assert_eq!(elsewhere.code(), (404, "InvalidRegionId.NotFound"));
    // A region of the provider's exists, whatever is in it; another customer's instances are not.
    let other = world.as_other(|world| world.call("DescribeInstances", &[("RegionId", "cn-beijing")]));
    assert!(ids(&other.done()).is_empty());
}

#[test]
fn what_cannot_be_asked_is_refused_by_its_own_code() {
    let world = World::start();
    let many = json!(vec!["i-1"; 101]).to_string();
    for (parameters, status, code) in [
        (&[("InstanceChargeType", "Prepaid")][..], 404, "InvalidInstanceChargeType.NotFound"),
        (&[("LockReason", "none")], 404, "InvalidLockReason.NotFound"),
        (&[("Status", "Expired")], 404, "InvalidStatus.NotFound"),
        (&[("Filter.1.Key", "Name"), ("Filter.1.Value", "x")], 404, "InvalidFilterKey.NotFound"),
        (&[("InstanceNetworkType", "lan")], 404, "InvalidNetworkType.NotFound"),
        (&[("InternetChargeType", "free")], 404, "InvalidInternetChargeType.ValueNotSupported"),
        (&[("Tag.1.Value", "x")], 400, "InvalidTag.Mismatch"),
        (&[("Tag.21.Key", "x")], 400, "InvalidTagCount"),
        (&[("InstanceIds", "i-1")], 403, "InvalidInstanceIds.Malformed"),
        (&[("InstanceIds", &many)], 403, "InvalidInstanceIds.Malformed"),
        (&[("DryRun", "maybe")], 400, "InvalidParameter"),
        (&[("DryRun", "True")], 400, "DryRunOperation"),
        (&[("PageNumber", "0")], 400, "InvalidParameter"),
        (&[("PageNumber", "x")], 400, "InvalidParameter"),
        (&[("PageSize", "0")], 400, "InvalidParameter"),
        (&[("PageSize", "101")], 400, "InvalidParameter"),
        (&[("MaxResults", "x")], 400, "InvalidParameter"),
        (&[("NextToken", "x")], 400, "InvalidParameter.NextToken"),
    ] {
        let answer = world.call("DescribeInstances", &[&[HERE], parameters].concat());
        assert_eq!(answer.code(), (status, code), "{parameters:?}");
    }
    for action in ["DescribeInstances", "DescribeInstanceStatus"] {
        assert_eq!(world.call(action, &[]).code(), (400, "MissingRegionId"), "{action}");
    }
}

/// A world with 23 instances more, which have numbers.
fn with_many() -> World {
    let world = World::start();
    let names: Vec<_> = (0..23).map(|number| format!("i-many-{number:02}")).collect();
    world.subscriptions(names.iter().map(|name| (name.as_str(), UNTIL)));
    world
}

/// The instances that expire as they did, in their order.
fn everything(world: &World) -> Vec<String> {
    shown(world, &[("MaxResults", "100")])
}

#[test]
fn pages_by_token_are_whole_while_instances_are_renewed_between_them() {
    for first in [&[("MaxResults", "10")][..], &[("PageSize", "10")]] {
        let world = with_many();
        let all = everything(&world);
        assert_eq!(all.len(), 26);
        let mut seen = Vec::new();
        let mut page = world.call("DescribeInstances", &[&[HERE], first].concat()).done();
        let mut sizes = Vec::new();
        loop {
            let names = ids(&page);
            sizes.push(names.len());
            // Each is renewed as soon as it is seen, as a client does that renews all there is.
            let due = names.iter().filter(|name| name.starts_with("i-many"));
            due.take(3).for_each(|name| drop(world.renew(name, "1", "Week")));
            seen.extend(names);
            let next = page["NextToken"].as_str().unwrap().to_owned();
            if next.is_empty() {
                break;
            }
            page = world.call("DescribeInstances", &[HERE, ("MaxResults", "10"), ("NextToken", &next)]).done();
        }
        assert_eq!((seen, sizes), (all, vec![10, 10, 6]), "{first:?}");
    }
}

#[test]
fn pages_by_number_are_whole_while_instances_are_renewed_between_them() {
    let world = with_many();
    let all = everything(&world);
    let mut seen = Vec::new();
    for (number, size) in [(1, 7), (2, 7), (3, 7), (4, 5), (5, 0), (9999, 0)] {
        let asked = [HERE, ("PageNumber", &number.to_string()), ("PageSize", "7")];
        let page = world.call("DescribeInstances", &asked).done();
        let names = ids(&page);
        let told = (&page["TotalCount"], &page["PageNumber"], &page["PageSize"]);
        assert_eq!((names.len(), told), (size, (&json!(26), &json!(number), &json!(7))));
        names.iter().filter(|name| name.starts_with("i-many")).take(1).for_each(|name| {
            world.renew(name, "1", "Week");
        });
        seen.extend(names);
    }
    assert_eq!(seen, all);
}

#[test]
fn a_size_out_of_bounds_is_the_nearest_by_token_and_ten_where_none_is_said() {
    let world = with_many();
    for (parameters, size, shown) in [
        (&[][..], 10, 10),
        (&[("MaxResults", "1")], 10, 10),
        (&[("MaxResults", "-5")], 10, 10),
        (&[("MaxResults", "25")], 25, 25),
        (&[("MaxResults", "1000")], 100, 26),
        // Beside a size by token, a page by number does not count.
        (&[("MaxResults", "10"), ("PageNumber", "3"), ("PageSize", "1")], 10, 10),
        (&[("PageSize", "100")], 100, 26),
        (&[("PageSize", "1")], 1, 1),
    ] {
        let page = world.call("DescribeInstances", &[&[HERE], parameters].concat()).done();
        assert_eq!((&page["PageSize"], ids(&page).len()), (&json!(size), shown), "{parameters:?}");
        assert_eq!(page["NextToken"].as_str().unwrap().is_empty(), shown == 26, "{parameters:?}");
    }
    // A token is worth something to whom it was given only.
    let page = world.call("DescribeInstances", &[HERE]).done();
    let next = [HERE, ("NextToken", page["NextToken"].as_str().unwrap())];
    let other = world.as_other(|world| world.call("DescribeInstances", &next));
    assert_eq!(other.code(), (400, "InvalidParameter.NextToken"));
}

#[test]
fn locks_are_objects_and_an_expired_instance_has_no_status_of_its_own() {
    let world = with_all_sorts();
    world.hold("i-late", "locked");
    world.hold("i-batch", "unpaid");
    let lock = |reason: &str| json!({ "LockReason": reason, "LockMsg": "" });
    for (id, status, locks) in [
        (INSTANCE, "Running", vec![]),
        (LOCKED, "Running", vec![lock("security")]),
        ("i-late", "Stopped", vec![lock("financial"), lock("security")]),
        ("i-stopped", "Stopped", vec![lock("financial")]),
        ("i-batch", "Pending", vec![]),
    ] {
        let seen = world.instance(id);
        assert_eq!(
            (&seen["Status"], &seen["OperationLocks"]),
            (&json!(status), &json!({ "LockReason": locks })),
            "{id}"
        );
    }
}

#[test]
fn an_instance_is_shown_as_the_vendor_writes_it() {
    let world = with_all_sorts();
    let batch = world.instance("i-batch");
    for (field, value) in [
        ("InstanceName", json!("batch-1")),
        ("InstanceType", json!("ecs.c7.xlarge")),
        ("ExpiredTime", json!("2027-05-31T16:00Z")),
        ("CreationTime", json!("2026-01-11T16:00Z")),
        ("AutoReleaseTime", json!("")),
        ("SaleCycle", json!("")),
        ("Tags", json!({ "Tag": [{ "TagKey": "env", "TagValue": "test" }, { "TagKey": "team", "TagValue": "shop" }] })),
    ] {
        assert_eq!(batch[field], value, "{field}");
    }
    assert_eq!(world.instance("i-late")["InstanceName"], "i-late", "its id where it has no name");
    assert_eq!(world.instance(AS_IT_GOES)["ExpiredTime"], "2099-12-31T15:59Z");
}

#[test]
fn statuses_are_listed_by_ids_and_pages() {
    let world = with_all_sorts();
    let listed = |parameters: &[(&str, &str)]| {
        let seen = world.call("DescribeInstanceStatus", &[&[HERE], parameters].concat()).done();
        let rows = seen["InstanceStatuses"]["InstanceStatus"].as_array().unwrap().clone();
        let rows = rows.iter().map(|row| (row["InstanceId"].to_string(), row["Status"].as_str().unwrap().to_owned()));
        (rows.map(|(id, status)| (id.trim_matches('"').to_owned(), status)).collect::<Vec<_>>(), seen)
    };
    let row = |id: &str, status: &str| (id.to_owned(), status.to_owned());
    let (rows, page) = listed(&[("PageSize", "2"), ("PageNumber", "3")]);
    assert_eq!(rows, [row("i-late", "Stopped"), row("i-stopped", "Stopped")]);
    assert_eq!([&page["TotalCount"], &page["PageNumber"], &page["PageSize"]], [6, 3, 2]);
    let named = [("InstanceId.1", "i-stopped"), ("InstanceId.2", FOREIGN), ("InstanceId.3", INSTANCE)];
    assert_eq!(listed(&named).0, [row(INSTANCE, "Running"), row("i-stopped", "Stopped")]);
    assert_eq!(listed(&[("InstanceId.1", "i-nobodys")]).0, []);
    assert_eq!(listed(&[("ZoneId", "cn-hangzhou-b")]).0, [row("i-batch", "Running")]);
    for (name, value) in [("PageSize", "51"), ("PageSize", "0"), ("PageNumber", "0"), ("PageNumber", "x")] {
        let answer = world.call("DescribeInstanceStatus", &[HERE, (name, value)]);
        assert_eq!(answer.code(), (400, "InvalidParameter"), "{name}={value}");
    }
}

#[test]
fn regions_are_those_that_instances_are_in_and_the_usual_one() {
    let world = with_all_sorts();
    let seen = world.call("DescribeRegions", &[]).done();
    let regions = &seen["Regions"]["Region"];
    assert_eq!(column(regions, "RegionId"), ["cn-beijing", "cn-hangzhou"]);
    assert_eq!(column(regions, "LocalName"), ["华北2（北京）", "华东1（杭州）"]);
    let host = world.sandbox.aliyun().replace("http://", "");
    assert_eq!(column(regions, "RegionEndpoint"), [host.clone(), host]);
    let english = world.as_other(|world| world.call("DescribeRegions", &[("AcceptLanguage", "en-US")]).done());
    assert_eq!(column(&english["Regions"]["Region"], "LocalName"), ["China (Hangzhou)"]);
}

#[test]
fn an_instance_is_seen_late_where_the_readers_lag() {
    let world = World::start();
    let expiry = |answer: &Answer| answer.body["Instances"]["Instance"][0]["ExpiredTime"].clone();
    world.sandbox.arm("aliyun", "instances", "not-yet-visible", 1).unwrap();
    world.renew(INSTANCE, "1", "Month");
    assert_eq!(expiry(&world.call("DescribeInstances", &[HERE])), "2026-12-11T16:00Z", "as it was");
    assert_eq!(expiry(&world.call("DescribeInstances", &[HERE])), "2027-01-11T16:00Z");
}
