//! The store's integration tests: one suite for any database, run for each one, one script for
//! both, and what is a database's own.

mod access;
mod backup;
mod buy;
mod charge_guards;
mod charges;
mod constraints;
mod copy;
mod guards;
mod holdings;
mod intents;
mod lane;
mod master;
mod migrations;
mod now;
mod owner;
mod postgres;
mod revise;
mod schedule;
mod script;
mod states;
mod suite;
mod webhooks;
mod world;

#[test]
fn no_module_is_left_out() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for file in std::fs::read_dir(folder).expect("there is the folder") {
        let path = file.expect("can be read").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("has a name");
        let declared = include_str!("main.rs").contains(&format!("\nmod {name};"));
        assert!(name == "main" || declared, "`{name}` is declared");
    }
}
