//! The whole of `perennial`, through its real binary: a module a capability.

mod access;
mod aliyun;
mod buyer;
mod calendar;
mod call;
mod charges;
mod cli;
mod clients;
mod copy;
mod endpoints;
mod exchange;
mod fuzz;
mod hostup;
mod import;
mod keys;
mod kill;
mod mail;
mod orders;
mod pages;
mod postgres;
mod sandbox;
mod schedule;
mod serve;
mod services;
mod shop;
mod voices;
mod vpsbg;
mod webhooks;

#[test]
fn no_file_is_left_out() {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap();
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = include_str!("main.rs").contains(&format!("\nmod {name};\n"));
        assert!(listed || ["main", "snapshots"].contains(&name.as_str()), "no module takes {}", path.display());
    }
}
