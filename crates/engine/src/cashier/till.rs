//! A gateway, and whether it can be asked at present.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use perennial_core::ports::{Gateway, GatewayError};

use super::worker::{CHARGES_MAX, Waits};

/// How long a gateway is left alone that turned us away; twice as long each time after, up to the longest.
const PAUSES: Waits = Waits { first: SignedDuration::from_secs(5), longest: SignedDuration::from_mins(5) };

/// A gateway, and whether it can be asked at present.
pub(super) struct Till {
    gateway: Arc<dyn Gateway>,
    way: Mutex<Way>,
}

/// What was seen of the way to a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Way {
    /// How often in a row it was found closed; zero where it is open.
    times: u32,
    /// Until when nobody tries it.
    until: Timestamp,
    /// Whether somebody was told that it does not let us in.
    is_barred: bool,
}

impl Way {
    fn pause_from(&mut self, now: Timestamp) {
        let pause = PAUSES.after(self.times.saturating_sub(1));
        self.until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    }
}

/// Leave to ask a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    /// How often the way had been found closed.
    times: u32,
}

impl Till {
    pub(super) fn new(gateway: Arc<dyn Gateway>) -> Self {
        Self { gateway, way: Mutex::default() }
    }

    pub(super) fn gateway(&self) -> &Arc<dyn Gateway> {
        &self.gateway
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many charges may be carried out at the same time: one where it is to be found out whether the way is open.
    pub(super) fn places(&self, now: Timestamp) -> usize {
        match *self.way() {
            Way { times: 0, .. } => CHARGES_MAX,
            Way { until, .. } if until <= now => 1,
            Way { .. } => 0,
        }
    }

    /// Asks for leave to ask the gateway. After a pause one has it, and the others wait for as long again.
    ///
    /// # Errors
    /// The instant to come back at.
    pub(super) fn enter(&self, now: Timestamp) -> Result<Entered, Timestamp> {
        let mut way = self.way();
        if way.times > 0 {
            if now < way.until {
                return Err(way.until);
            }
            way.pause_from(now);
        }
        Ok(Entered { times: way.times })
    }

    /// Notes that the gateway answered.
    pub(super) fn answered(&self) {
        let before = std::mem::take(&mut *self.way());
        if before.times > 0 {
            tracing::info!("gateway {} takes charges again", self.gateway.name());
        }
    }

    /// Notes that the gateway turned us away; tells when to come back. Those that were turned away together count once.
    pub(super) fn turned_away(&self, entered: Entered, now: Timestamp, error: &GatewayError) -> Timestamp {
        let (name, told) = (self.gateway.name(), error as &dyn Error);
        let mut way = self.way();
        let is_news = way.times == 0;
        if way.times == entered.times {
            way.times = way.times.saturating_add(1);
            way.pause_from(now);
        }
        if matches!(error, GatewayError::Barred(_)) && !way.is_barred {
            way.is_barred = true;
            tracing::error!(error = told, "gateway {name} does not let us in: charges wait until that is mended");
        } else if is_news {
            tracing::warn!(error = told, "gateway {name} wants to be asked later: charges wait");
        }
        way.until
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::charge::{Charge, ChargeOutcome};
    use perennial_core::payment::OnGateway;
    use perennial_core::ports::{BoxFuture, Failure, Kept, Prepared};

    use super::*;

    /// A gateway that nobody asks.
    struct Unasked;

    impl Gateway for Unasked {
        fn name(&self) -> &'static str {
            "unasked"
        }

        fn kept<'a>(&'a self, _: &'a OnGateway) -> BoxFuture<'a, Result<Option<Kept>, GatewayError>> {
            unreachable!()
        }

        fn prepare<'a>(
            &'a self,
            _: &'a Charge,
            _: &'a OnGateway,
            _: Option<&'a str>,
        ) -> BoxFuture<'a, Result<Prepared, GatewayError>> {
            unreachable!()
        }

        fn carry_out<'a>(
            &'a self,
            _: &'a Charge,
            _: &'a str,
        ) -> BoxFuture<'a, Result<Option<ChargeOutcome>, GatewayError>> {
            unreachable!()
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("is an instant")
    }

    #[test]
    fn who_is_turned_away_together_pauses_once_and_one_finds_out_whether_the_way_is_open() {
        let till = Till::new(Arc::new(Unasked));
        let busy = || GatewayError::Busy(Failure::new("ask", "not now"));
        assert_eq!(till.places(at(0)), CHARGES_MAX);
        let together = [till.enter(at(0)), till.enter(at(0))].map(|entered| entered.expect("is open"));
        for entered in together {
            assert_eq!(till.turned_away(entered, at(0), &busy()), at(5));
        }
        assert_eq!((till.places(at(4)), till.enter(at(4))), (0, Err(at(5))));

        let mut now = 5;
        for pause in [10, 20, 40, 80, 160, 300, 300] {
            assert_eq!(till.places(at(now)), 1);
            let entered = till.enter(at(now)).expect("one may");
            let again = till.enter(at(now)).expect_err("no second one");
            assert!(again > at(now));
            assert_eq!(till.turned_away(entered, at(now), &busy()), at(now + pause));
            now += pause;
        }
        till.enter(at(now)).expect("one may");
        till.answered();
        assert_eq!(till.places(at(now)), CHARGES_MAX);
        assert_eq!(till.enter(at(now)), till.enter(at(now)), "all may");
    }
}
