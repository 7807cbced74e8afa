//! What can be wrong with a database is told with a hint, and without a password.

use perennial_testkit::Cluster;

use super::World;
use crate::shop::{Run, SHOP, Shop};

#[test]
fn what_is_wrong_with_it_is_told_with_a_hint_and_without_a_password() {
    let cluster = Cluster::start().unwrap();
    let world = World { shop: Shop::empty(), url: cluster.url("postgres") };
    cluster.sql("postgres", "create role seller login password 'hush&hush'").unwrap();
    cluster.sql("postgres", "create database sold owner seller").unwrap();
    cluster.sql("postgres", "create database others").unwrap();
    let trusted = "host all perennial 127.0.0.1/32 trust\n";
    let asked = "host all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(cluster.folder().join("data/pg_hba.conf"), [trusted, asked].concat()).unwrap();
    cluster.restart().unwrap();
    let file = world.shop.write("shop.toml", SHOP);
    let of = |user: &str, database: &str| cluster.url(database).replace("perennial@", &format!("{user}@"));
    let run = |url: &str, password: &str, args: &[&str]| {
        let mut command = world.shop.command(args);
        command.env("PERENNIAL_DATABASE", url).env("PGPASSWORD", password);
        let run = Run::of(&command.output().unwrap());
        assert!(!run.stdout.contains("hush") && !run.stderr.contains("hush"), "{run:?}");
        run
    };
    let import = ["import", &file];
    let open = ["account", "list"];
    let port = cluster.url("").rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let nobody = of("seller:hush", "sold").replace(&port, "1");
    for (url, password, args, said) in [
        (cluster.url("none"), "", &open[..], ["SQLSTATE 3D000", "hint: `createdb` makes one"]),
        (nobody, "", &open, ["seller:***@127.0.0.1:1/sold", "hint: is PostgreSQL running there?"]),
        (of("nobody", "sold"), "hush", &open, ["SQLSTATE 28P01", "hint: the user is in the URL"]),
        (of("seller", "sold"), "", &open, ["password missing", "the password in PGPASSWORD"]),
        (of("seller", "sold"), "hush", &open, ["SQLSTATE 28P01", "the password in PGPASSWORD"]),
        (of("seller:hush", "sold"), "", &open, ["seller:***@127.0.0.1", "the password in PGPASSWORD"]),
        (of("seller", "others"), "hush&hush", &import, ["SQLSTATE 42501", "hint: the ledger's database belongs to"]),
        (of("seller", "sold"), "hush&hush", &open, ["lacks migration 1", "hint: `perennial migrate` brings it"]),
    ] {
        let run = run(&url, password, args).failed(1, said[0]);
        assert!(run.stderr.contains(said[1]), "{said:?} is not in {}", run.stderr);
    }
    run(&of("seller", "sold"), "hush&hush", &import).done();
    let with_password = of("seller:hush%26hush", "sold");
    run(&with_password, "", &open).done();

    // Whoever lists the processes must not see it, nor whoever looks over a shoulder.
    run("none.db", "", &["account", "list", "--database", &with_password]).failed(2, "the list of processes");
    run("none.db", "hush&hush", &["--database", &of("seller", "sold"), "account", "list"]).done();
    assert!(run(&with_password, "", &["account", "list", "--help"]).done().stdout.contains("PERENNIAL_DATABASE"));
    let served = World { url: with_password, ..world };
    let mut node = served.serve();
    node.stop();
    let log = node.log();
    assert!(log.contains("ledger at postgres://seller:***@127.0.0.1") && !log.contains("hush"), "{log}");
    let wrong = format!("[store]\nurl = \"{}\"\nuri = 1\n[ovh] = \"{}\"\n", served.url, served.url);
    let config = served.shop.write("wrong.toml", &wrong);
    let wrong = served.shop.run(&["serve", "--check", "--config", &config]).failed(1, "TOML parse error");
    assert!(!wrong.stderr.contains("hush"), "{}", wrong.stderr);
}
