//! The lines of an order: one a service.

use perennial_core::ids::OrderId;
use perennial_core::order::{Order, OrderLine};
use perennial_core::snapshot::Want;

use super::super::context::{Answer, Context, price};
use super::{named, order_of};
use crate::ovh::wire::error::Failure;
use crate::ovh::wire::order::{DetailType, ItemDetail, ItemOrder, ItemPlan, OrderAction, OrderDetail, OrderItemType};
use crate::ovh::wire::service::Product;

/// The kind of a line that renews. Whether it is this or `DURATION` is unverified.
const DETAIL_TYPE: DetailType = DetailType::Renew;

/// How a renewal is priced. The word is the usual one of the provider's catalogue; of renewals it is unverified.
const PRICING_MODE: &str = "default";

/// Numbers left free for the lines of each order, which has a hundred at the most.
const NUMBERS_PER_ORDER: i64 = 1_000;

/// The number of a line: its order's, and its place there from 1. Line 2 of order 7 is 7002.
pub(in super::super) fn line_number(order: OrderId, index: usize) -> i64 {
    let place = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
    order.0.saturating_mul(NUMBERS_PER_ORDER).saturating_add(place)
}

pub(super) fn details(context: &Context<'_>) -> Result<Answer, Failure> {
    let order = order_of(context)?;
    let numbers: Vec<_> = (0..order.lines.len()).map(|index| line_number(order.id, index)).collect();
    Answer::json(&numbers)
}

/// The line that the path names.
fn line_of<'a>(context: &Context<'_>, order: &'a Order) -> Result<(i64, &'a OrderLine), Failure> {
    let asked = context.id("orderDetailId")?;
    let mut numbered = order.lines.iter().enumerate().map(|(index, line)| (line_number(order.id, index), line));
    numbered.find(|(number, _)| *number == asked).ok_or_else(|| context.no_object("orderDetailId"))
}

pub(super) fn detail(context: &Context<'_>) -> Result<Answer, Failure> {
    let order = order_of(context)?;
    let (order_detail_id, line) = line_of(context, &order)?;
    Answer::json(&OrderDetail {
        cancelled: false,
        description: line.description.clone(),
        detail_type: Some(DETAIL_TYPE),
        domain: line.service_name.clone(),
        order_detail_id,
        quantity: "1".to_owned(),
        total_price: price(line.net),
        unit_price: price(line.net),
    })
}

pub(super) fn extension(context: &Context<'_>) -> Result<Answer, Failure> {
    let (account, id) = named(context)?;
    let seen = context.load(&[Want::OrderWithServices(account, id)])?;
    let order = seen.order_of(account, id)?;
    let (_, line) = line_of(context, order)?;
    let product = seen.product(seen.service_of(account, line.service)?)?;
    Answer::json(&ItemDetail {
        order: ItemOrder {
            action: Some(OrderAction::Renew),
            configurations: Vec::new(),
            plan: ItemPlan {
                code: Some(product.code.clone()),
                duration: line.period.map(|period| period.to_string()),
                pricing_mode: Some(PRICING_MODE.to_owned()),
                product: Product { name: Some(line.description.clone()) },
                quantity: Some(1),
            },
            item_type: Some(OrderItemType::Plan),
        },
    })
}

#[cfg(test)]
mod tests {
    use perennial_core::quote::SERVICES_MAX;

    use super::*;

    #[test]
    fn no_two_lines_have_the_same_number() {
        assert_eq!(line_number(OrderId(7), 1), 7_002);
        assert!(line_number(OrderId(7), SERVICES_MAX) < line_number(OrderId(8), 0));
    }
}
