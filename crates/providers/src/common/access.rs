//! Whether somebody who was known a moment ago may still call: where the ledger is a trip away, that is not asked before each
//! request, but compared with its first command, in the transaction that carries it out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use perennial_core::command::{Command, Reply};
use perennial_core::ports::{BoxFuture, Lane, Rejection};

use crate::Ports;

/// Answers a request for whoever its caller was when the lane last saw who may call. That answer counts if nothing has
/// changed since: the lane says so of the first command, which it carries out only then; of a request without one the ledger
/// is asked. Otherwise nothing was done, and the request is answered once more.
pub(crate) async fn compared<R, A: Future<Output = R>>(ports: &Ports, answer: impl Fn(Ports) -> A) -> R {
    let Some(seen) = ports.lane.access_seen() else { return answer(ports.clone()).await };
    let version = seen.version();
    let comparing = Arc::new(Comparing { lane: Arc::clone(&ports.lane), version, settled: AtomicBool::new(false) });
    let then = Ports { lane: Arc::clone(&comparing) as _, access: Some(version), ..ports.clone() };
    let answered = answer(then).await;
    if comparing.is_settled() {
        return answered;
    }
    if let Ok(now) = ports.books.access_version() {
        seen.note(now);
        if now == version {
            return answered;
        }
    }
    answer(ports.clone()).await
}

/// A lane whose first command is carried out only where access still has a version.
struct Comparing {
    lane: Arc<dyn Lane>,
    version: i64,
    /// Whether the lane took a command, so that what is answered now stands.
    settled: AtomicBool,
}

impl Comparing {
    fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }
}

impl Lane for Comparing {
    fn submit_at(&self, access: Option<i64>, command: Command) -> BoxFuture<'_, Result<Reply, Rejection>> {
        Box::pin(async move {
            let access = access.or_else(|| (!self.is_settled()).then_some(self.version));
            let reply = self.lane.submit_at(access, command).await;
            // What is refused changed nothing, and may have been before anything was compared.
            if !matches!(reply, Err(Rejection::AccessChanged | Rejection::Refused(_))) {
                self.settled.store(true, Ordering::Release);
            }
            reply
        })
    }
}
