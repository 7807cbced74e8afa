//! The engine over a real ledger file.

mod cashier;
mod lane;
mod outbox;
mod schedule;
mod webhooks;
mod world;

#[test]
fn no_file_is_left_out() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let this = include_str!("main.rs");
    for entry in std::fs::read_dir(here).expect("the folder is there") {
        let name = entry.expect("is readable").file_name().into_string().expect("is text");
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || this.contains(&format!("mod {module};")), "{name} is in no `mod`");
    }
}
