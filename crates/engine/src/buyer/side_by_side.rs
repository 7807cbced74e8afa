//! Work side by side: in one task, so many pieces at a time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Does pieces of work side by side, `most` at a time, each begun in its turn; what came of each, in their order.
///
/// All of them are looked at whenever one of them can go on, so this is for tens of pieces at a time.
pub(super) async fn side_by_side<F: Future>(most: usize, work: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting = work.into_iter().enumerate();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done: Vec<(usize, F::Output)> = Vec::new();
    poll_fn(|context| {
        loop {
            while running.len() < most.max(1)
                && let Some((place, piece)) = waiting.next()
            {
                running.push((place, Box::pin(piece)));
            }
            let before = done.len();
            running.retain_mut(|(place, piece)| match piece.as_mut().poll(context) {
                Poll::Ready(output) => {
                    done.push((*place, output));
                    false
                }
                Poll::Pending => true,
            });
            if running.is_empty() && done.len() == before {
                return Poll::Ready(());
            }
            if done.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn so_many_run_at_a_time_and_their_order_stays() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let piece = async |number: usize| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            for _ in 0..10 - number {
                tokio::task::yield_now().await;
            }
            running.set(running.get() - 1);
            number
        };
        let done = side_by_side(3, (0..10).map(piece)).await;
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        assert_eq!(most.get(), 3);
        assert_eq!(side_by_side(3, std::iter::empty::<std::future::Ready<()>>()).await, []);
    }
}
