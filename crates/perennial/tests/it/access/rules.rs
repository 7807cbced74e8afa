//! What a credential may call, and from where.

use super::*;

#[test]
fn a_rule_covers_its_path_and_what_its_stars_stand_for() -> Result<()> {
    let world = World::start()?;
    let mut client = world.client_that_may(&[
        ("GET", "/me"),
        ("GET", "/service/*"),
        ("GET", "/services"),
        ("GET", "/domain "),
        ("GET", "/vps* "),
        ("GET", "/hosting/web/*cluster*"),
        ("PUT", "/vps/*/serviceInfos"),
    ])?;
    for (method, path, granted) in [
        ("GET", "/me", true),
        ("GET", "/v1/me", true),
        ("GET", "/me?x=/service/", true),
        ("GET", "/me/order", false),
        ("GET", "/service", false),
        ("GET", "/service/12345", true),
        ("GET", "/service/12345/renew?includeOptions=true", true),
        ("POST", "/service/12345/renew", false),
        ("GET", "/services", true),
        ("GET", "/services/12345", false),
        ("GET", "/domain", false),
        ("GET", "/vps", false),
        ("GET", "/vps/vps112233.ovh.net", false),
        ("PUT", "/vps/vps112233.ovh.net/serviceInfos", true),
        ("PUT", "/vps/vps112233.ovh.net", false),
        ("GET", "/vps/vps112233.ovh.net/serviceInfos", false),
        ("GET", "/hosting/web", false),
        ("GET", "/hosting/web/example.cluster001.hosting.ovh.net", true),
        ("GET", "/auth/currentCredential", false),
        ("POST", "/auth/logout", false),
    ] {
        let answer = client.call(method, path, if method == "PUT" { "{}" } else { "" })?;
        if granted {
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        } else {
            assert_refused(&answer, &not_granted());
        }
    }
    Ok(())
}

#[test]
fn the_demos_narrow_key_may_only_look_at_its_account() -> Result<()> {
    let world = World::start()?;
    let mut client = world.client_with(NARROW_CONSUMER_KEY)?;
    assert_eq!(get(&mut client, "/me")["nichandle"], CUSTOMER);
    for path in ["/me/", "/me/order", "/service", "/auth/details"] {
        let answer = client.call("GET", path, "")?;
        assert_refused(&answer, &if path == "/me/" { no_route() } else { not_granted() });
    }
    Ok(())
}

#[test]
fn each_object_of_a_batch_needs_its_rule() -> Result<()> {
    let mut world = World::start()?;
    let whole = get(&mut world.client, "/service/12345");
    let mut client = world.client_that_may(&[("GET", "/service/1*"), ("GET", "/vps/vps1*.ovh.net*")])?;
    let batch = |client: &mut OvhClient, path: &str| client.call_with("GET", path, &[("X-Ovh-Batch", ",")], "");
    let answer = batch(&mut client, "/service/12345,67890,1")?;
    let mut missing = no_route();
    missing["message"] = json!("This service does not exist");
    let wanted = json!([
        { "key": "12345", "value": whole, "error": null },
        { "key": "67890", "value": null, "error": not_granted() },
        { "key": "1", "value": null, "error": missing },
    ]);
    assert_eq!((answer.status, answer.json()?), (200, wanted));
    // Names are held against the rules as they are written, points and all.
    let answer = batch(&mut client, "/vps/vps112233.ovh.net,elsewhere.ovh.net")?.json()?;
    assert_eq!(answer[0]["value"]["name"], "vps112233.ovh.net", "{answer}");
    assert_eq!((&answer[1]["value"], &answer[1]["error"]), (&Value::Null, &not_granted()));
    assert_refused(&batch(&mut client, "/service/67890,12345")?, &not_granted());
    Ok(())
}

#[test]
fn a_batch_reads_any_list_and_keeps_its_order() -> Result<()> {
    let mut world = World::start()?;
    let one = get(&mut world.client, "/services/67890");
    for (separator, path, keys) in [
        (",", "/services/67890,12345,67890", vec!["67890", "12345", "67890"]),
        ("--", "/services/67890--12345", vec!["67890", "12345"]),
        (",", "/services/67890%2C12345", vec!["67890", "12345"]),
        (",", "/services/67890", vec!["67890"]),
    ] {
        let answer = world.client.call_with("GET", path, &[("X-Ovh-Batch", separator)], "")?.json()?;
        let named: Vec<_> = answer.as_array().into_iter().flatten().map(|item| item["key"].clone()).collect();
        assert_eq!(named, keys, "{path}");
        assert_eq!(answer[0], json!({ "key": "67890", "value": one, "error": null }));
    }
    let list = world.client.call_with("GET", "/me/order", &[("X-Ovh-Batch", ",")], "")?;
    assert_eq!((list.status, list.json()?), (200, json!([])), "a list is no object, and the header says nothing");
    let many = vec!["1"; 51].join(",");
    let answer = world.client.call_with("GET", &format!("/services/{many}"), &[("X-Ovh-Batch", ",")], "")?;
    assert_refused(&answer, &bad_request("A batch names 50 objects at the most"));
    let other = world.other()?.call_with("GET", "/services/67890,12345", &[("X-Ovh-Batch", ",")], "")?.json()?;
    assert!(other[0]["value"].is_null() && other[1]["value"].is_null(), "another customer's are none: {other}");
    Ok(())
}

#[test]
fn each_object_of_a_page_needs_its_rule() -> Result<()> {
    let mut world = World::start()?;
    let pages = [("X-Pagination-Mode", "CachedObjectList-Pages")];
    let ids = get(&mut world.client, "/services");
    let mut list_only = world.client_that_may(&[("GET", "/services"), ("GET", "/services/12345")])?;
    assert_eq!(get(&mut list_only, "/services"), ids);
    assert_refused(&list_only.call_with("GET", "/services", &pages, "")?, &not_granted());
    let first = [pages[0], ("X-Pagination-Size", "1")];
    let answer = list_only.call_with("GET", "/services", &first, "")?;
    assert_eq!((answer.status, &answer.json()?[0]["serviceId"]), (200, &json!(12_345)), "only what it reads counts");
    assert_eq!(answer.header("X-Pagination-Elements"), Some("3"));
    let sorted = [pages[0], ("X-Pagination-Size", "1"), ("X-Pagination-Sort", "serviceId")];
    assert_refused(&list_only.call_with("GET", "/services", &sorted, "")?, &not_granted());
    let mut names = world.client_that_may(&[("GET", "/vps"), ("GET", "/vps/vps112233.ovh.net")])?;
    let answer = names.call_with("GET", "/vps", &pages, "")?.json()?;
    assert_eq!(answer[0]["name"], "vps112233.ovh.net");
    Ok(())
}

#[test]
fn pages_have_their_size_order_and_filter() -> Result<()> {
    let mut world = World::start()?;
    let mut ids = |more: &[(&str, &str)]| -> Result<(Vec<Value>, [Option<String>; 3])> {
        let headers = [&[("X-Pagination-Mode", "CachedObjectList-Pages")], more].concat();
        let answer = world.client.call_with("GET", "/services", &headers, "")?;
        let told = ["Elements", "Number", "Size"]
            .map(|name| answer.header(&format!("X-Pagination-{name}")).map(str::to_owned));
        let objects = answer.json()?;
        Ok((objects.as_array().into_iter().flatten().map(|one| one["serviceId"].clone()).collect(), told))
    };
    let told = |elements: &str, number: &str, size: &str| [elements, number, size].map(|text| Some(text.to_owned()));
    let (size, number, sort) = ("X-Pagination-Size", "X-Pagination-Number", ("X-Pagination-Sort", "serviceId"));
    let (descending, filter) = (("X-Pagination-Sort-Order", "DESC"), "X-Pagination-Filter");
    for (headers, wanted, headers_told) in [
        (vec![], vec![12_345, 67_890, 112_233], told("3", "1", "25")),
        (vec![(size, "2")], vec![12_345, 67_890], told("3", "1", "2")),
        (vec![(size, "2"), (number, "2")], vec![112_233], told("3", "2", "2")),
        (vec![(size, "2"), (number, "3")], vec![], told("3", "3", "2")),
        (vec![(size, "0"), (number, "0")], vec![12_345], told("3", "1", "1")),
        (vec![sort, descending], vec![112_233, 67_890, 12_345], told("3", "1", "25")),
        (vec![sort, descending, (size, "1"), (number, "3")], vec![12_345], told("3", "3", "1")),
        (vec![(filter, "serviceId:gt=12345")], vec![67_890, 112_233], told("2", "1", "25")),
        (vec![(filter, "serviceId:in=112233,12345")], vec![12_345, 112_233], told("2", "1", "25")),
        (vec![(filter, "nothing:eq=1")], vec![], told("0", "1", "25")),
    ] {
        let (seen, seen_told) = ids(&headers)?;
        assert_eq!((seen, seen_told), (wanted.into_iter().map(Value::from).collect(), headers_told), "{headers:?}");
    }
    for (name, value, wanted) in [
        (filter, "serviceId", bad_field("X-Pagination-Filter", "A filter is field:op=value")),
        (filter, "serviceId:near=1", bad_field("X-Pagination-Filter", "A filter is field:op=value")),
        (size, "-1", bad_field("x-pagination-size", "A page's number, size and cursor are whole numbers")),
        (number, "x", bad_field("x-pagination-number", "A page's number, size and cursor are whole numbers")),
    ] {
        let headers = [("X-Pagination-Mode", "CachedObjectList-Pages"), (name, value)];
        assert_refused(&world.client.call_with("GET", "/services", &headers, "")?, &wanted);
    }
    Ok(())
}

#[test]
fn a_list_of_objects_is_turned_to_pages_of_the_same_objects() -> Result<()> {
    let mut world = World::start()?;
    let path = "/service/12345/renew";
    let whole = get(&mut world.client, path);
    let headers = [("X-Pagination-Mode", "CachedObjectList-Pages")];
    let answer = world.client.call_with("GET", path, &headers, "")?;
    assert_eq!((answer.status, answer.json()?), (200, whole.clone()));
    assert_eq!(answer.header("X-Pagination-Elements"), whole.as_array().map(|all| all.len().to_string()).as_deref());
    Ok(())
}

#[test]
fn a_list_is_given_piece_by_piece_to_who_asks_by_cursor() -> Result<()> {
    let mut world = World::start()?;
    let whole = get(&mut world.client, "/service");
    let (mut pieces, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let headers = [("X-Pagination-Size", "2"), ("X-Pagination-Cursor", cursor.as_str())];
        let answer = world.client.call_with("GET", "/service", &headers, "")?;
        pieces.push(answer.json()?);
        let Some(next) = answer.header("X-Pagination-Cursor-Next") else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(pieces, [json!([whole[0], whole[1]]), json!([whole[2]])]);
    let behind = world.client.call_with("GET", "/service", &[("X-Pagination-Cursor", "99")], "")?;
    assert_eq!((behind.status, behind.json()?, behind.header("X-Pagination-Cursor-Next")), (200, json!([]), None));
    let answer = world.client.call_with("GET", "/service", &[("X-Pagination-Cursor", "x")], "")?;
    assert_refused(&answer, &bad_field("x-pagination-cursor", "A page's number, size and cursor are whole numbers"));
    let object = world.client.call_with("GET", "/service/12345", &[("X-Pagination-Size", "2")], "")?;
    assert_eq!(object.json()?, get(&mut world.client, "/service/12345"), "an object has no pages");
    Ok(())
}

#[test]
fn a_credential_works_from_its_addresses_only() -> Result<()> {
    let world = World::start()?;
    for (blocks, shown, let_in) in [
        (json!(["127.0.0.1"]), json!(["127.0.0.1"]), true),
        (json!(["127.0.0.0/8", "192.0.2.1"]), json!(["127.0.0.0/8", "192.0.2.1"]), true),
        (json!(["0.0.0.0/0"]), json!(["0.0.0.0/0"]), true),
        (json!([]), Value::Null, true),
        (Value::Null, Value::Null, true),
        (json!(["192.0.2.0/24", "2001:db8::/32"]), json!(["192.0.2.0/24", "2001:db8::/32"]), false),
        (json!(["127.0.0.2/32"]), json!(["127.0.0.2"]), false),
        (json!(["::/0"]), json!(["::/0"]), false),
    ] {
        let asked = world.asked(&[("GET", "/auth/*")], &json!({ "allowedIPs": blocks }))?;
        asked.answer(CUSTOMER, PAGE_PASSWORD, "approve&validity=P1D")?;
        let answer = world.client_with(&asked.consumer_key)?.call("GET", "/auth/currentCredential", "")?;
        if let_in {
            assert_eq!((answer.status, &answer.json()?["allowedIPs"]), (200, &shown), "{blocks}");
        } else {
            assert_refused(&answer, &address_not_allowed());
        }
    }
    Ok(())
}

#[test]
fn the_addresses_of_a_credential_can_be_changed() -> Result<()> {
    let mut world = World::start()?;
    let mut client = world.client_that_may(&EVERYTHING)?;
    let id = get(&mut client, "/auth/currentCredential")["credentialId"].clone();
    let path = format!("/me/api/credential/{id}");
    for (body, wanted) in [
        (json!({ "allowedIPs": ["192.0.2.0/24"] }), json!(["192.0.2.0/24"])),
        (json!({}), json!(["192.0.2.0/24"])),
        (json!({ "allowedIPs": null }), json!(["192.0.2.0/24"])),
        (json!({ "allowedIPs": ["127.0.0.1", "::1"] }), json!(["127.0.0.1", "::1"])),
        (json!({ "allowedIPs": [] }), Value::Null),
    ] {
        assert_eq!(world.client.put(&path, &body)?, (200, Value::Null), "{body}");
        assert_eq!(get(&mut world.client, &path)["allowedIPs"], wanted, "{body}");
        let answer = client.call("GET", "/me", "")?;
        if wanted == json!(["192.0.2.0/24"]) {
            assert_refused(&answer, &address_not_allowed());
        } else {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }
    let wrong = "`allowedIPs[1]` is not valid: not an address or a block such as 10.0.0.0/8";
    let answer = world.client.call("PUT", &path, r#"{"allowedIPs":["127.0.0.1","here"]}"#)?;
    assert_refused(&answer, &bad_field("allowedIPs[1]", wrong));
    assert_eq!(get(&mut world.client, &path)["allowedIPs"], Value::Null);
    // Whoever locks itself out stays out; the account's other key lets it in again.
    assert_eq!(client.put(&path, &json!({ "allowedIPs": ["192.0.2.1"] }))?, (200, Value::Null));
    let answer = client.call("PUT", &path, r#"{"allowedIPs":[]}"#)?;
    assert_refused(&answer, &address_not_allowed());
    assert_eq!(world.client.put(&path, &json!({ "allowedIPs": [] }))?, (200, Value::Null));
    assert_eq!(client.get("/me")?.0, 200);
    Ok(())
}
