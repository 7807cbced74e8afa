//! Laws: whatever commands come in whatever order, money and terms agree.

use proptest::prelude::*;

use super::world::*;
use crate::command::{Action, PayWith};
use crate::ids::OrderId;
use crate::order::OrderState;
use crate::service::RenewalMode;

#[derive(Clone, Debug)]
enum Step {
    Renew { service: usize, period: usize },
    Pay { order: i64, with: usize },
    Cancel { order: i64 },
    Credit { order: i64 },
    Mode { service: usize, mode: usize },
    Wait { hours: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..4, 0_usize..4).prop_map(|(service, period)| Step::Renew { service, period }),
        (1_i64..12, 0_usize..3).prop_map(|(order, with)| Step::Pay { order, with }),
        (1_i64..12).prop_map(|order| Step::Cancel { order }),
        (1_i64..12).prop_map(|order| Step::Credit { order }),
        (0_usize..4, 0_usize..3).prop_map(|(service, mode)| Step::Mode { service, mode }),
        (1_i64..30).prop_map(|hours| Step::Wait { hours }),
    ]
}

fn action(step: &Step) -> Option<Action> {
    let services = [SERVER, ADDON, STACKING, DOMAIN];
    Some(match step {
        Step::Renew { service, period } => renew(&[services[*service]], ["P1M", "P3M", "P1Y", "P1W"][*period]),
        Step::Pay { order, with } => Action::Pay {
            order: OrderId(*order),
            with: [PayWith::Balance, PayWith::CreditLine, PayWith::Method(PAYPAL)][*with],
        },
        Step::Cancel { order } => Action::CancelOrder { order: OrderId(*order) },
        Step::Credit { order } => Action::CreditOrder { order: OrderId(*order) },
        Step::Mode { service, mode } => {
            Action::SetRenewal { service: services[*service], mode: RenewalMode::ALL[*mode], period: None }
        }
        Step::Wait { .. } => return None,
    })
}

proptest! {
    #[test]
    fn no_sequence_makes_a_balance_negative_a_term_shorter_or_a_payment_without_its_extension(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        for step in &steps {
            if let Step::Wait { hours } = step {
                world.wait_s(hours * 3_600);
            }
            let before = world.clone();
            let Some(action) = action(step) else { continue };
            if world.run(action).is_err() {
                continue;
            }
            for (id, balances) in &world.seen.balances {
                prop_assert!(balances.balance.minor() >= 0, "{step:?}");
                prop_assert!(balances.receivable.minor() <= world.seen.accounts[id].credit_limit.minor());
            }
            for (id, service) in &world.seen.services {
                prop_assert!(service.until >= before.seen.services[id].until, "{step:?}");
            }
        }
        let fulfilled: Vec<_> =
            world.seen.orders.values().filter(|order| matches!(order.state, OrderState::Fulfilled(_))).collect();
        prop_assert_eq!(fulfilled.len(), world.seen.payments.len());
        for order in fulfilled {
            prop_assert_eq!(world.seen.payments[&order.id].amount, order.gross);
            prop_assert_eq!(world.seen.original(order.id).map(|invoice| invoice.gross), Some(order.gross));
        }
    }
}
