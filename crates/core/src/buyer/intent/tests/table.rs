//! Each transition, and each refusal, in a table.

use super::*;

use OrderEffect::{MayPay, PaysOncePerToken, Unpaid};
use Sender::{Ended, MayLive};

/// An intent that has come so far.
fn at(state: State) -> Intent {
    Intent { state, ..intent("a", "one", 500) }
}

/// One of which something was sent.
fn sent(state: State) -> Intent {
    Intent { sent_at: Some(instant()), watermark: Some(watermark()), ..at(state) }
}

fn tried(state: State, tries: u8) -> Intent {
    Intent { tries, ..sent(state) }
}

fn unsure(sent: Sent, sender: Sender, clean: u8, reads: u32) -> State {
    State::Unsure { sent, sender, clean, reads }
}

fn payment() -> Sent {
    Sent::Payment(order("1", 500))
}

fn placed() -> Sent {
    Sent::Placed(order("1", 500))
}

fn ordered() -> State {
    State::Ordered(order("1", 500))
}

fn paying() -> State {
    State::Paying(order("1", 500))
}

fn confirming(reads: u32) -> State {
    State::Confirming { receipt: Receipt { order: Some("1".to_owned()), ..Receipt::default() }, reads }
}

fn looked(sight: Sight) -> Event {
    Event::Looked(Some((sight, Some(offer(500)))))
}

fn paid(until: Option<u8>) -> Receipt {
    Receipt { order: Some("1".to_owned()), until: until.map(day), ..Receipt::default() }
}

/// The state it leads to, in short.
fn short(state: &State) -> String {
    match state {
        State::Unsure { sent, sender, clean, .. } => {
            format!("unsure {} {sender:?} {clean}", sent.order().map_or("order", |order| &order.id))
        }
        State::Ordered(order) | State::Paying(order) => format!("{} {}", state.word(), order.id),
        State::Refused { by, left, .. } => {
            format!(
                "refused {}{}",
                by.word(),
                left.as_ref().map_or(String::new(), |left| format!(", left {}", left.id))
            )
        }
        State::Parked { sent: Sent::Placed(order), .. } => format!("parked, order {}", order.id),
        _ => state.word().to_owned(),
    }
}

fn does(action: &Action) -> String {
    match action {
        Action::Pay(order) => format!("pay {}", order.id),
        Action::Wait(pause) => format!("wait {}", pause.as_secs()),
        Action::LeaveUnpaid { order, then } => format!("leave {}, then {}", order.id, then.word()),
        other => format!("{other:?}").to_lowercase(),
    }
}

type Row = (&'static str, OrderEffect, Intent, Event, &'static str, &'static str);

fn check(rows: Vec<Row>) {
    for (what, ordering, before, event, state, action) in rows {
        let told = format!("{what}: {event:?}");
        let step = next(&before, habits(ordering), instant(), event);
        assert_eq!(short(&step.intent.state), state, "{told}\n{}", step.note);
        assert_eq!(does(&step.action), action, "{told}\n{}", step.note);
        assert_eq!(step.intent.ask, before.ask, "what is asked for never changes: {told}");
        let waits = matches!(step.action, Action::Wait(_));
        assert_eq!(step.intent.next_at.is_some(), waits, "{told}");
        if matches!(step.action, Action::Order | Action::Pay(_)) {
            assert_eq!(step.intent.sent_at, Some(instant()), "{told}");
            assert!(step.intent.watermark.is_some() && step.intent.state.is_unknown(), "{told}");
        }
    }
}

#[test]
fn what_may_have_been_sent_is_read_back_when_it_is_taken_up() {
    let ended = || Event::TakenUp { before: Ended };
    let may_live = || Event::TakenUp { before: MayLive };
    check(vec![
        ("planned", Unpaid, at(State::Planned), may_live(), "planned", "look"),
        ("ordered", Unpaid, sent(ordered()), may_live(), "ordered 1", "look"),
        ("ordering", Unpaid, sent(State::Ordering), ended(), "unsure order Ended 0", "readback"),
        ("ordering", MayPay, sent(State::Ordering), may_live(), "unsure order MayLive 0", "readback"),
        ("paying", Unpaid, sent(paying()), ended(), "unsure 1 Ended 0", "readback"),
        ("paying", Unpaid, sent(paying()), may_live(), "unsure 1 MayLive 0", "readback"),
        // The sender is not the one who read last: that that one has ended says nothing.
        ("unsure", MayPay, sent(unsure(Sent::Order, MayLive, 1, 3)), ended(), "unsure order MayLive 0", "readback"),
        ("unsure", MayPay, sent(unsure(Sent::Order, Ended, 1, 3)), may_live(), "unsure order Ended 0", "readback"),
        ("confirming", Unpaid, sent(confirming(2)), may_live(), "confirming", "readback"),
        ("done", Unpaid, sent(State::Done(paid(Some(1)))), ended(), "done", "stop"),
        ("parked", Unpaid, sent(State::Parked { sent: Sent::Order, why: String::new() }), ended(), "parked", "stop"),
    ]);
}

#[test]
fn nothing_is_ordered_unless_all_is_as_planned() {
    let planned = || at(State::Planned);
    let other_offer = |change: fn(&mut Offer)| {
        let mut offer = offer(500);
        change(&mut offer);
        Event::Looked(Some((sight(0, Vec::new()), Some(offer))))
    };
    let other_stand = |change: fn(&mut Stand)| {
        let mut sight = sight(0, Vec::new());
        change(&mut sight.stand);
        looked(sight)
    };
    let bundle = RemoteOrder { services: vec!["one".to_owned(), "two".to_owned()], ..order("1", 500) };
    let longer = RemoteOrder { until: Some(day(2)), ..order("1", 500) };
    check(vec![
        ("as planned", Unpaid, planned(), looked(sight(0, vec![])), "ordering", "order"),
        ("gone", Unpaid, planned(), Event::Looked(None), "refused us", "stop"),
        ("renewed by another", Unpaid, planned(), looked(sight(1, vec![])), "foreign", "stop"),
        ("renewed by another", MayPay, planned(), looked(sight(1, vec![])), "foreign", "stop"),
        // Something was sent before, and may have come late.
        ("moved", MayPay, tried(State::Planned, 1), looked(sight(1, vec![])), "unsure order Ended 0", "readback"),
        ("moved", Unpaid, tried(State::Planned, 1), looked(sight(1, vec![])), "foreign", "stop"),
        (
            "shorter",
            Unpaid,
            planned(),
            other_stand(|stand| stand.until = day(0).yesterday().unwrap()),
            "refused us",
            "stop",
        ),
        ("native on", Unpaid, planned(), other_stand(|stand| stand.native = Native::On), "refused us", "stop"),
        (
            "blocked",
            Unpaid,
            planned(),
            other_stand(|s| s.standing = Standing::Blocked("debt".into())),
            "refused us",
            "stop",
        ),
        ("not offered", Unpaid, planned(), Event::Looked(Some((sight(0, vec![]), None))), "refused us", "stop"),
        ("one cent more", Unpaid, planned(), other_offer(|offer| offer.gross = euro(501)), "refused us", "stop"),
        ("one cent less", Unpaid, planned(), other_offer(|offer| offer.gross = euro(499)), "refused us", "stop"),
        ("tax moved", Unpaid, planned(), other_offer(|o| (o.net, o.tax) = (euro(499), euro(1))), "refused us", "stop"),
        (
            "currency",
            Unpaid,
            planned(),
            other_offer(|o| o.gross = Money::new(500, Currency::SEK)),
            "refused us",
            "stop",
        ),
        ("another end", Unpaid, planned(), other_offer(|offer| offer.until = day(2)), "refused us", "stop"),
        ("an order of ours", Unpaid, planned(), looked(sight(0, vec![order("1", 500)])), "paying 1", "pay 1"),
        ("an order of ours", MayPay, planned(), looked(sight(0, vec![order("1", 500)])), "paying 1", "pay 1"),
        ("any order", PaysOncePerToken, planned(), looked(sight(0, vec![order("1", 500)])), "refused us", "stop"),
        (
            "two of ours",
            Unpaid,
            planned(),
            looked(sight(0, vec![order("1", 500), order("2", 500)])),
            "paying 1",
            "pay 1",
        ),
        (
            "one is not",
            Unpaid,
            planned(),
            looked(sight(0, vec![order("1", 500), order("2", 600)])),
            "refused us",
            "stop",
        ),
        ("dearer order", Unpaid, planned(), looked(sight(0, vec![order("1", 501)])), "refused us", "stop"),
        ("bundle", Unpaid, planned(), looked(sight(0, vec![bundle])), "refused us", "stop"),
        ("another length", Unpaid, planned(), looked(sight(0, vec![longer])), "refused us", "stop"),
        ("unreachable", Unpaid, planned(), Event::Unreadable(unreachable()), "planned", "wait 30"),
        (
            "unreachable again",
            Unpaid,
            tried(State::Planned, 3),
            Event::Unreadable(unreachable()),
            "planned",
            "wait 240",
        ),
        (
            "for the last time",
            Unpaid,
            tried(State::Planned, 4),
            Event::Unreadable(unreachable()),
            "refused network",
            "stop",
        ),
        ("goes on", Unpaid, planned(), Event::Waited, "planned", "look"),
    ]);
}

#[test]
fn nothing_is_paid_unless_the_expiry_stands_and_the_order_asks_for_what_was_planned() {
    let ours = || vec![order("1", 500)];
    let refuses = || CallError::Refused { provider: "shop", call: "GET /".to_owned(), said: said("no") };
    let cannot = || CallError::Cannot { provider: "shop", wish: "look" };
    let unset = || CallError::Unset {
        provider: "shop",
        lacks: "tells no tax",
        setting: "`vat = \"25\"`",
        account: intent("a", "one", 500).key.provider,
    };
    check(vec![
        ("as ordered", Unpaid, sent(ordered()), looked(sight(0, ours())), "paying 1", "pay 1"),
        ("renewed between", Unpaid, sent(ordered()), looked(sight(1, ours())), "foreign", "stop"),
        ("renewed between", Unpaid, sent(ordered()), looked(sight(1, vec![])), "foreign", "stop"),
        // Our order is gone and the expiry has moved: it may be our payment that came late.
        ("moved", Unpaid, tried(ordered(), 1), looked(sight(1, vec![])), "unsure 1 Ended 0", "readback"),
        ("moved", MayPay, sent(ordered()), looked(sight(1, vec![])), "unsure 1 Ended 0", "readback"),
        ("order gone", Unpaid, sent(ordered()), looked(sight(0, vec![])), "unsure 1 Ended 0", "readback"),
        ("dearer now", Unpaid, sent(ordered()), looked(sight(0, vec![order("1", 501)])), "refused us, left 1", "stop"),
        ("gone", Unpaid, sent(ordered()), Event::Looked(None), "refused us, left 1", "stop"),
        ("refused", Unpaid, sent(ordered()), Event::Unreadable(refuses()), "refused provider, left 1", "stop"),
        ("a setting is gone", Unpaid, sent(ordered()), Event::Unreadable(unset()), "refused us, left 1", "stop"),
        ("cannot", Unpaid, sent(ordered()), Event::Unreadable(cannot()), "refused provider, left 1", "stop"),
        ("unreachable", Unpaid, sent(ordered()), Event::Unreadable(unreachable()), "ordered 1", "wait 30"),
        ("goes on", Unpaid, sent(ordered()), Event::Waited, "ordered 1", "look"),
    ]);
}

#[test]
fn only_a_plain_answer_to_what_was_sent_once_is_taken_for_a_no() {
    let told = Event::Told;
    let unknown = || Event::Told(Outcome::Unknown { cause: "cut".to_owned() });
    let never = |seconds| {
        let retry_after = Some(SignedDuration::from_secs(seconds));
        Event::Told(Outcome::NeverSent { cause: "429".to_owned(), retry_after })
    };
    let no = || Event::Told(Outcome::Refused(said("no")));
    let ordering = || sent(State::Ordering);
    let placed = |minor| Event::Told(Outcome::Placed(order("1", minor)));
    check(vec![
        ("placed", Unpaid, ordering(), placed(500), "ordered 1", "look"),
        ("placed, dearer", Unpaid, ordering(), placed(501), "refused us, left 1", "stop"),
        ("paid at once", MayPay, ordering(), told(Outcome::Paid(paid(None))), "confirming", "readback"),
        ("refused", Unpaid, ordering(), no(), "refused provider", "stop"),
        ("unknown", MayPay, ordering(), unknown(), "unsure order Ended 0", "readback"),
        ("pending", MayPay, ordering(), told(Outcome::Pending(said("wait"))), "unsure order Ended 0", "readback"),
        ("throttled", Unpaid, ordering(), never(7), "planned", "wait 7"),
        ("throttled for days", Unpaid, ordering(), never(99_999), "planned", "wait 3600"),
        ("throttled for less than nothing", Unpaid, ordering(), never(i64::MIN), "planned", "wait 0"),
        ("refused again", MayPay, tried(State::Ordering, 1), no(), "unsure order Ended 0", "readback"),
        ("paid", Unpaid, sent(paying()), told(Outcome::Paid(paid(None))), "confirming", "readback"),
        ("payment refused", Unpaid, sent(paying()), no(), "refused provider, left 1", "stop"),
        // The first payment may have come after all: "already paid" is a refusal too.
        ("payment refused again", Unpaid, tried(paying(), 1), no(), "unsure 1 Ended 0", "readback"),
        ("payment unknown", Unpaid, sent(paying()), unknown(), "unsure 1 Ended 0", "readback"),
        ("still unpaid", Unpaid, sent(paying()), placed(500), "unsure 1 Ended 0", "readback"),
        ("payment throttled", Unpaid, sent(paying()), never(7), "ordered 1", "wait 7"),
    ]);
    let step = next(&tried(paying(), 1), habits(Unpaid), instant(), no());
    assert_eq!(step.intent.tries, 4, "and it is never sent a third time");
}

#[test]
fn what_nobody_knew_is_settled_by_what_is_read() {
    let nothing = || Event::Found(Finding::Nothing);
    let found = |minor| Event::Found(Finding::Unpaid(order("1", minor)));
    let moved = |renewals| Event::Found(Finding::Moved { until: day(renewals) });
    let order_sent = |sender, clean| sent(unsure(Sent::Order, sender, clean, 1));
    let payment_sent = |sender, clean| sent(unsure(payment(), sender, clean, 1));
    let done = || Event::Found(Finding::Paid(paid(Some(1))));
    check(vec![
        ("paid and moved", Unpaid, payment_sent(Ended, 0), done(), "done", "stop"),
        ("paid", Unpaid, payment_sent(Ended, 0), Event::Found(Finding::Paid(paid(None))), "confirming", "readback"),
        (
            "pending",
            Unpaid,
            payment_sent(Ended, 0),
            Event::Found(Finding::Pending("x".into())),
            "unsure 1 Ended 0",
            "wait 120",
        ),
        (
            "unreadable",
            Unpaid,
            payment_sent(Ended, 1),
            Event::Unreadable(unreachable()),
            "unsure 1 Ended 1",
            "wait 120",
        ),
        ("ambiguous", Unpaid, payment_sent(Ended, 0), Event::Found(Finding::Ambiguous("two".into())), "parked", "stop"),
        ("moved as expected", MayPay, order_sent(Ended, 0), moved(1), "done", "stop"),
        ("moved otherwise", MayPay, order_sent(Ended, 0), moved(2), "parked", "stop"),
        ("moved, and we only ordered", Unpaid, order_sent(Ended, 0), moved(1), "foreign", "stop"),
        ("moved by a payment", Unpaid, payment_sent(Ended, 0), moved(1), "done", "stop"),
        ("nothing once", Unpaid, order_sent(Ended, 0), nothing(), "unsure order Ended 1", "wait 30"),
        ("nothing twice", Unpaid, order_sent(Ended, 1), nothing(), "planned", "wait 0"),
        ("nothing twice", MayPay, order_sent(Ended, 1), nothing(), "planned", "wait 0"),
        ("no payment twice", Unpaid, payment_sent(Ended, 1), nothing(), "ordered 1", "wait 0"),
        (
            "nothing for the last time",
            Unpaid,
            tried(unsure(payment(), Ended, 1, 1), 4),
            nothing(),
            "refused network, left 1",
            "stop",
        ),
        ("ordered", Unpaid, order_sent(Ended, 0), found(500), "ordered 1", "look"),
        ("ordered, dearer", Unpaid, order_sent(Ended, 0), found(501), "refused us, left 1", "stop"),
        ("an order, dearer", MayPay, order_sent(Ended, 0), found(501), "parked, order 1", "stop"),
        // It may be a stranger's, and ours, which pays, may only lag.
        ("an order", MayPay, order_sent(Ended, 0), found(500), "unsure order Ended 1", "wait 30"),
        ("an order, still", MayPay, order_sent(Ended, 1), found(500), "ordered 1", "look"),
        ("still unpaid", Unpaid, payment_sent(Ended, 0), found(500), "unsure 1 Ended 1", "wait 30"),
        (
            "another order",
            Unpaid,
            payment_sent(Ended, 0),
            Event::Found(Finding::Unpaid(order("2", 500))),
            "parked",
            "stop",
        ),
        ("reads again", Unpaid, payment_sent(Ended, 1), Event::Waited, "unsure 1 Ended 1", "readback"),
    ]);
}

#[test]
fn while_the_sender_may_live_nothing_is_taken_for_a_no() {
    let nothing = || Event::Found(Finding::Nothing);
    let lives = |sent_what, tries| tried(unsure(sent_what, MayLive, 1, 1), tries);
    let found = || Event::Found(Finding::Unpaid(order("1", 500)));
    let no = || Event::Told(Outcome::Refused(said("no")));
    let ours = || vec![order("1", 500)];
    let dearer = || Event::Looked(Some((sight(0, vec![]), Some(offer(501)))));
    let by_token = PaysOncePerToken;
    check(vec![
        ("an order is free", Unpaid, lives(Sent::Order, 0), nothing(), "planned", "wait 0"),
        ("an order may pay", MayPay, lives(Sent::Order, 0), nothing(), "parked", "stop"),
        ("somebody's order", MayPay, lives(Sent::Order, 0), found(), "parked, order 1", "stop"),
        ("a token is taken once", by_token, lives(Sent::Order, 0), nothing(), "unsure order MayLive 2", "look"),
        ("an order is paid once", Unpaid, lives(payment(), 0), nothing(), "unsure 1 MayLive 2", "look"),
        ("but not for ever", Unpaid, lives(payment(), 4), nothing(), "parked", "stop"),
        ("looks, and pays again", Unpaid, lives(payment(), 1), looked(sight(0, ours())), "unsure 1 MayLive 0", "pay 1"),
        (
            "looks, and orders again",
            by_token,
            lives(Sent::Order, 1),
            looked(sight(0, vec![])),
            "unsure order MayLive 0",
            "order",
        ),
        ("moved", Unpaid, lives(payment(), 1), looked(sight(1, vec![])), "unsure 1 MayLive 0", "readback"),
        ("order gone", Unpaid, lives(payment(), 1), looked(sight(0, vec![])), "unsure 1 MayLive 0", "readback"),
        ("gone", Unpaid, lives(payment(), 1), Event::Looked(None), "parked", "stop"),
        ("dearer order", Unpaid, lives(payment(), 1), looked(sight(0, vec![order("1", 501)])), "parked", "stop"),
        ("dearer", by_token, lives(Sent::Order, 1), dearer(), "parked", "stop"),
        (
            "not offered",
            by_token,
            lives(Sent::Order, 1),
            Event::Looked(Some((sight(0, vec![]), None))),
            "parked",
            "stop",
        ),
        ("an order", by_token, lives(Sent::Order, 1), looked(sight(0, ours())), "parked, order 1", "stop"),
        ("unreadable", Unpaid, lives(payment(), 1), Event::Unreadable(unreachable()), "unsure 1 MayLive 1", "wait 120"),
        ("paid", Unpaid, lives(payment(), 1), Event::Told(Outcome::Paid(paid(None))), "confirming", "readback"),
        ("placed", by_token, lives(Sent::Order, 1), Event::Told(Outcome::Placed(order("1", 500))), "ordered 1", "look"),
        ("refused", Unpaid, lives(payment(), 1), no(), "unsure 1 MayLive 0", "readback"),
        (
            "unknown",
            Unpaid,
            lives(payment(), 1),
            Event::Told(Outcome::Unknown { cause: String::new() }),
            "unsure 1 MayLive 0",
            "readback",
        ),
        (
            "never sent",
            Unpaid,
            lives(payment(), 1),
            Event::Told(Outcome::NeverSent { cause: String::new(), retry_after: None }),
            "unsure 1 MayLive 0",
            "wait 60",
        ),
    ]);
}

#[test]
fn what_is_paid_stays_open_until_the_expiry_shows_it() {
    let found = Event::Found;
    check(vec![
        ("shown by the order", Unpaid, sent(confirming(0)), found(Finding::Paid(paid(Some(1)))), "done", "stop"),
        ("shown by the expiry", Unpaid, sent(confirming(0)), found(Finding::Moved { until: day(2) }), "done", "stop"),
        ("not yet", Unpaid, sent(confirming(0)), found(Finding::Paid(paid(Some(0)))), "confirming", "wait 60"),
        ("nothing", Unpaid, sent(confirming(20)), found(Finding::Nothing), "confirming", "wait 3600"),
        ("unreadable", Unpaid, sent(confirming(0)), Event::Unreadable(unreachable()), "confirming", "wait 60"),
        ("reads again", Unpaid, sent(confirming(3)), Event::Waited, "confirming", "readback"),
        ("a person", Unpaid, sent(confirming(9)), Event::Settled(Verdict::Paid), "done", "stop"),
        ("a person", Unpaid, sent(confirming(9)), Event::Settled(Verdict::NotPaid), "refused person", "stop"),
    ]);
    let later = instant() + SignedDuration::from_hours(49);
    assert!(!sent(confirming(1)).wants_a_person(later), "the clock alone says nothing");
    assert!(!sent(confirming(9)).wants_a_person(instant()));
    assert!(sent(confirming(9)).wants_a_person(later));
}

#[test]
fn a_person_settles_what_is_parked_or_has_it_read_again() {
    let parked = |sent_what| sent(State::Parked { sent: sent_what, why: String::new() });
    let by_word = || sent(State::Done(paid(None)));
    check(vec![
        ("paid", MayPay, parked(Sent::Order), Event::Settled(Verdict::Paid), "done", "stop"),
        ("not paid", Unpaid, parked(payment()), Event::Settled(Verdict::NotPaid), "refused person, left 1", "stop"),
        ("unsure", Unpaid, sent(unsure(payment(), Ended, 0, 9)), Event::Settled(Verdict::Paid), "done", "stop"),
        ("read again", MayPay, parked(Sent::Order), Event::Reread, "unsure order MayLive 0", "readback"),
        // What stands there may be somebody else's: all is read.
        ("read again", MayPay, parked(placed()), Event::Reread, "unsure order MayLive 0", "readback"),
        ("not paid", MayPay, parked(placed()), Event::Settled(Verdict::NotPaid), "refused person, left 1", "stop"),
        ("taken back", Unpaid, by_word(), Event::Settled(Verdict::NotPaid), "refused person", "stop"),
        ("not taken back", Unpaid, sent(State::Done(paid(Some(1)))), Event::Settled(Verdict::NotPaid), "done", "stop"),
        ("does not belong", Unpaid, at(State::Planned), Event::Told(Outcome::Paid(paid(None))), "planned", "stop"),
        (
            "does not belong",
            Unpaid,
            sent(unsure(payment(), Ended, 0, 0)),
            looked(sight(0, vec![])),
            "unsure 1 Ended 0",
            "stop",
        ),
    ]);
}

#[test]
fn the_clock_alone_parks_nothing_and_one_that_is_set_back_keeps_nothing_open() {
    let pending = || Event::Found(Finding::Pending("x".to_owned()));
    let later = instant() + SignedDuration::from_hours(24);
    let at_read = |reads| sent(unsure(payment(), Ended, 0, reads));
    let state = |intent: &Intent, now| next(intent, habits(Unpaid), now, pending()).intent.state.word();
    assert_eq!(state(&at_read(4), later), "unsure", "it was read too seldom");
    assert_eq!(state(&at_read(5), later), "parked");
    assert_eq!(state(&at_read(99), instant()), "unsure", "it was sent just now");
    let earlier = instant() - SignedDuration::from_hours(9_000);
    let step = next(&at_read(9), habits(Unpaid), earlier, pending());
    assert_eq!(step.intent.sent_at, Some(earlier), "the day is counted from where the clock was set back to");
}

#[test]
fn an_order_that_may_be_paid_by_itself_is_never_told_as_unpaid() {
    let may_pay = |state: State, event: Event| next(&sent(state), habits(OrderEffect::MayPay), instant(), event);
    // It asks for another price; its payment is refused; somebody else renewed while it stands; it cannot be looked at.
    for (step, then) in [
        (may_pay(State::Ordering, Event::Told(Outcome::Placed(order("1", 999)))), "refused us, left 1"),
        (may_pay(paying(), Event::Told(Outcome::Refused(said("no money")))), "refused provider, left 1"),
        (may_pay(ordered(), looked(sight(1, vec![order("1", 500)]))), "foreign"),
        (may_pay(ordered(), Event::Looked(None)), "refused us, left 1"),
    ] {
        // It is parked with the order until it is certain that nothing pays that.
        assert_eq!(short(&step.intent.state), "parked, order 1", "{step:?}");
        let Action::LeaveUnpaid { order, then: after } = step.action else { panic!("{:?}", step.action) };
        assert_eq!((order.id.as_str(), short(&after).as_str()), ("1", then));
        let tell = |outcome| {
            next(&step.intent, habits(MayPay), instant(), Event::Left { then: after.clone(), outcome }).intent.state
        };
        assert_eq!(short(&tell(Ok(()))), then);
        let kept = tell(Err(unreachable()));
        assert_eq!(short(&kept), "parked, order 1");
        assert!(matches!(kept, State::Parked { why, .. } if why.contains("order 1") && why.contains("lost")));
        // Where the process ends meanwhile, a person has all of it.
        let settled = next(&step.intent, habits(MayPay), instant(), Event::Settled(Verdict::NotPaid)).intent.state;
        assert_eq!(short(&settled), "refused person, left 1");
    }
    let unpaid = next(&sent(State::Ordering), habits(OrderEffect::Unpaid), instant(), {
        Event::Told(Outcome::Placed(order("o", 999)))
    });
    assert!(matches!(unpaid.intent.state, State::Refused { .. }), "one that costs nothing is left: {unpaid:?}");
}

#[test]
fn a_payment_that_the_provider_has_is_waited_for_and_never_sent_again() {
    let unpaid = habits(OrderEffect::Unpaid);
    let mut step = next(&sent(paying()), unpaid, instant(), Event::Told(Outcome::Pending(said("taken"))));
    for _ in 0..5 {
        let found = Event::Found(Finding::Unpaid(step.intent.state.order().expect("is known").clone()));
        step = next(&step.intent, unpaid, instant(), found);
        assert!(matches!(step.action, Action::Wait(_)), "{step:?}");
        step = next(&step.intent, unpaid, instant(), Event::Waited);
        assert_eq!(step.action, Action::ReadBack, "{step:?}");
    }
}

#[test]
fn what_rests_on_a_persons_word_can_be_taken_back() {
    let by_word = State::Done(paid(None));
    assert!(by_word.can_be_settled(Some(Verdict::NotPaid)) && !by_word.can_be_settled(None));
    let step = next(&sent(by_word), habits(OrderEffect::Unpaid), instant(), Event::Settled(Verdict::NotPaid));
    assert!(matches!(step.intent.state, State::Refused { by: By::Person, .. }), "{step:?}");
    assert!(!State::Done(paid(Some(1))).can_be_settled(Some(Verdict::NotPaid)), "what the provider showed stays");
}
