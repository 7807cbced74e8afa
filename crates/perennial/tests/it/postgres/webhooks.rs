//! Webhooks by several processes on one database: each event is sent once.

use std::collections::BTreeSet;

use perennial_testkit::{postgres, process};

use super::World;
use crate::webhooks::{Program, SERVICE, ids, notice};

#[test]
fn of_two_processes_one_tells_a_program() {
    const EVENTS: usize = 120;
    let world = World::open();
    let program = Program::start(&[]);
    let file = world.shop.write("webhooks.toml", crate::webhooks::ALLOWED);
    world.shop.document(&["--config", &file, "webhook", "add", &program.url]);
    let nodes = [world.serve(), world.serve()];
    let rows: Vec<_> = (0..EVENTS).map(|_| notice("expiring", &SERVICE)).collect();
    postgres::sql(&world.url, &rows.join(";\n")).unwrap();
    let delivered = || Ok((world.shop.document(&["webhook", "list"])["delivered"] == EVENTS).then_some(()));
    process::until("all arrive", delivered).unwrap_or_else(|error| panic!("{error:#}\n{}", nodes[0].log()));
    let sent = program.sent();
    let (count, ids): (usize, BTreeSet<&str>) = ids(&sent);
    assert_eq!((count, ids.len()), (EVENTS, EVENTS));
}
