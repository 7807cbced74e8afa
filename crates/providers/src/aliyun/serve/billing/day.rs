//! `SetAllExpirationDay`: the day of the month that the account's instances can be renewed to.

use perennial_core::command::Action;
use perennial_core::ports::BoxFuture;

use super::needed;
use crate::aliyun::serve::context::{Answer, Answered, Context};
use crate::aliyun::serve::found::UNIFIED_DAY;
use crate::aliyun::serve::renewal::parse_day;
use crate::aliyun::wire::error::Failure;

pub(super) fn set<'a>(context: &'a Context<'a>) -> BoxFuture<'a, Answered> {
    Box::pin(async {
        const NAME: &str = "UnifyExpireDay";
        let day = parse_day(needed(context, NAME)?).map_err(|_| Failure::invalid_parameter(NAME))?;
        let facts = [(UNIFIED_DAY.to_owned(), Some(day.get().to_string()))].into();
        context.submit(None, Action::EditAccount { name: None, email: None, facts }).await?;
        Ok(Answer::nothing())
    })
}
