//! Backups, taken while the ledger is written.

use perennial_core::command::Action;
use perennial_core::ids::ServiceId;
use perennial_core::ports::Books;
use perennial_core::service::Service;
use perennial_core::snapshot::Want;
use perennial_store::sqlite::{SqliteReader, backup};
use perennial_store::{Record, Records};

use crate::world::{CUSTOMER, RESELLER, SERVER, Sqlite, World, record, service};

#[test]
fn a_backup_holds_what_was_committed_when_it_began() {
    let mut world = World::<Sqlite>::new();
    let many: Vec<_> = (0..30_000)
        .map(|index| {
            let name = format!("bulk-{index}.example");
            Record::Service(Service { id: ServiceId(0), name, ..service(SERVER, RESELLER, 3, None) })
        })
        .collect();
    record(&mut *world.store, &many).expect("are recorded");
    let order = world.place(&[SERVER], "P1M").id;
    let (source, target) = (world.database.path(), world.database.beside("copy.db"));
    let mut reports = Vec::new();
    backup(&source, &target, |progress| {
        if reports.is_empty() {
            assert!(progress.pages_done < progress.pages_total, "somebody writes in the middle of it");
            world.done(CUSTOMER, Action::CancelOrder { order });
        }
        reports.push(progress);
    })
    .expect("is backed up");
    let last = reports.last().expect("was reported");
    assert!(last.pages_done == last.pages_total && last.pages_total > 0, "{last:?}");
    let copy = SqliteReader::open(&target).expect("opens");
    assert!(copy.audit().expect("audits").is_sound());
    let wants = [Want::Service(CUSTOMER, SERVER)];
    assert_eq!(copy.load(&wants).expect("loads").services[&SERVER].open_order, Some(order));
    assert_eq!(world.service(CUSTOMER, SERVER).open_order, None);
    assert!(!world.database.beside("copy.db.partial").exists());
}

#[test]
fn a_backup_replaces_no_file() {
    let world = World::<Sqlite>::new();
    let target = world.database.beside("copy.db");
    std::fs::write(&target, "precious").expect("writes");
    assert!(backup(&world.database.path(), &target, |_| {}).is_err());
    assert_eq!(std::fs::read_to_string(&target).expect("reads"), "precious");
    assert!(backup(&world.database.beside("nothing"), &world.database.beside("other.db"), |_| {}).is_err());
    assert!(!world.database.beside("other.db").exists());
}
