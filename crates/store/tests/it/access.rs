//! Applications, credentials and terminations.

use perennial_core::command::{Action, NewApplication, NewCredential, NewCredentialStanding, Reply};
use perennial_core::credential::{AccessRule, Application, ApplicationStatus, Credential, CredentialStatus, Flow};
use perennial_core::ids::{ApplicationId, CredentialId};
use perennial_core::notice::NoticeKind;
use perennial_core::refusal::Refusal;
use perennial_core::service::RenewalMode;
use perennial_core::snapshot::{Change, Want};
use perennial_store::StoreError;

use crate::world::{CUSTOMER, Database, RESELLER, SERVER, World, instant};

pub fn application<D: Database>(world: &mut World<D>) -> ApplicationId {
    let new = NewApplication {
        dialect: "ovh".to_owned(),
        key: "key".to_owned(),
        secret_sealed: vec![0, 255, 7],
        name: "tool".to_owned(),
        description: "renews".to_owned(),
        flow: Flow::Signature,
    };
    match world.done(CUSTOMER, Action::RegisterApplication(new)) {
        Reply::Application(id) => id,
        other => panic!("not registered: {other:?}"),
    }
}

fn credential<D: Database>(world: &mut World<D>, application: Option<ApplicationId>, digest: u8) -> CredentialId {
    let pending = NewCredentialStanding::Pending {
        approval_digest: [digest + 100; 32],
        expires: instant("2026-11-20T13:00:00Z"),
    };
    let rule = |method: &str, path: &str| AccessRule { method: method.to_owned(), path: path.to_owned() };
    let new = NewCredential {
        dialect: "ovh".to_owned(),
        application,
        digest: [digest; 32],
        label: "laptop".to_owned(),
        standing: pending,
        rules: vec![rule("GET", "/me/*"), rule("POST", "/service/*")],
        allowed_ips: vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()],
        redirection: Some("https://example.com/back".to_owned()),
    };
    match world.done(CUSTOMER, Action::IssueCredential(new)) {
        Reply::Credential(id) => id,
        other => panic!("not issued: {other:?}"),
    }
}

pub fn applications_and_credentials_read_back<D: Database>() {
    let mut world = World::<D>::new();
    let application = application(&mut world);
    let credential = credential(&mut world, Some(application), 1);
    let found = world.books.find_application("ovh", "key").expect("reads").expect("is there");
    let expected = Application {
        id: application,
        owner: CUSTOMER,
        dialect: "ovh".to_owned(),
        key: "key".to_owned(),
        secret_sealed: vec![0, 255, 7],
        name: "tool".to_owned(),
        description: "renews".to_owned(),
        flow: Flow::Signature,
        status: ApplicationStatus::Active,
        created: world.now,
    };
    assert_eq!(found, expected);
    assert_eq!(world.books.find_application("hostup", "key").expect("reads"), None);
    assert_eq!(world.books.applications(CUSTOMER).expect("reads"), [expected]);
    assert!(world.books.applications(RESELLER).expect("reads").is_empty());
    world.done(CUSTOMER, Action::ApproveCredential { credential, expires: None });
    world.done(CUSTOMER, Action::TouchCredential { credential });
    let found: Credential = world.books.find_credential("ovh", &[1; 32]).expect("reads").expect("is there");
    assert_eq!((found.id, found.account, found.application), (credential, Some(CUSTOMER), Some(application)));
    assert_eq!((found.status, found.expires, found.last_used), (CredentialStatus::Validated, None, Some(world.now)));
    assert_eq!((found.rules.len(), found.allowed_ips.len(), found.approval_digest), (2, 2, None));
    assert_eq!(world.books.credentials(CUSTOMER).expect("reads"), [found]);
    assert_eq!(world.books.find_credential("hostup", &[1; 32]).expect("reads"), None);
}

pub fn a_revoked_application_ends_its_credentials<D: Database>() {
    let mut world = World::<D>::new();
    let application = application(&mut world);
    let (own, other) = (credential(&mut world, Some(application), 1), credential(&mut world, None, 2));
    world.done(CUSTOMER, Action::RevokeApplication { application });
    let seen = world.books.load(&[Want::Credential(own), Want::Credential(other)]).expect("loads");
    assert_eq!(seen.credentials[&own].status, CredentialStatus::Expired);
    assert_eq!(seen.credentials[&other].status, CredentialStatus::Pending);
}

pub fn a_pending_credential_is_found_by_its_link<D: Database>() {
    let mut world = World::<D>::new();
    let credential = credential(&mut world, None, 1);
    let pending = |world: &World<D>| world.books.find_pending_credential(&[101; 32]).expect("reads");
    assert_eq!(pending(&world).map(|found| found.id), Some(credential));
    world.done(RESELLER, Action::RefuseCredential { credential });
    assert_eq!(pending(&world), None);
}

pub fn a_digest_is_taken_once<D: Database>() {
    let mut world = World::<D>::new();
    let id = credential(&mut world, None, 1);
    let seen = world.books.load(&[Want::Credential(id)]).expect("loads");
    let twin =
        Credential { id: CredentialId(seen.next.credential), approval_digest: None, ..seen.credentials[&id].clone() };
    let refused = world.written(&[Change::SetCredential(twin)]);
    assert!(matches!(refused, Err(StoreError::Constraint { doing: "set a credential", .. })), "{refused:?}");
}

pub fn a_termination_waits_for_its_token<D: Database>() {
    let mut world = World::<D>::new();
    let ask =
        |digest| Action::RequestTermination { service: SERVER, token: "token".to_owned(), token_digest: [digest; 32] };
    let confirm = |digest| Action::ConfirmTermination { service: SERVER, token_digest: [digest; 32] };
    world.done(CUSTOMER, ask(1));
    world.done(CUSTOMER, ask(2));
    assert_eq!(world.one(CUSTOMER, confirm(1)), Err(Refusal::TerminationToken(SERVER)));
    world.done(CUSTOMER, confirm(2));
    assert_eq!(world.service(CUSTOMER, SERVER).mode, RenewalMode::DeleteAtExpiry);
    assert_eq!(world.one(CUSTOMER, confirm(2)), Err(Refusal::TerminationToken(SERVER)));
    let waiting = world.books.notices_waiting(1).expect("reads");
    let name = "service-1.example".to_owned();
    let kind = NoticeKind::TerminationRequested { service: SERVER, name, token: "token".to_owned() };
    assert_eq!((waiting.len(), &waiting[0].notice.kind, waiting[0].notice.account), (1, &kind, CUSTOMER));
}

pub fn a_credential_is_forgotten_a_month_after_its_end<D: Database>() {
    let mut world = World::<D>::new();
    let id = credential(&mut world, None, 1);
    let held =
        |world: &World<D>| world.books.load(&[Want::Credential(id)]).expect("loads").credentials.contains_key(&id);
    for (now, kept) in [("2026-12-20T12:59:59Z", true), ("2026-12-20T13:00:00Z", false)] {
        world.batch(|batch| batch.forget(instant(now), 10)).expect("forgets");
        assert_eq!(held(&world), kept, "{now}");
    }
}

pub fn access_counts_up_with_each_change_but_not_with_each_use<D: Database>() {
    let mut world = World::<D>::new();
    let version = |world: &World<D>| world.books.access_version().expect("reads");
    let before = version(&world);
    let id = credential(&mut world, None, 1);
    let issued = version(&world);
    assert!(issued > before);
    world.done(CUSTOMER, Action::ApproveCredential { credential: id, expires: None });
    let approved = version(&world);
    assert!(approved > issued);
    world.done(CUSTOMER, Action::TouchCredential { credential: id });
    assert_eq!(version(&world), approved);
}
