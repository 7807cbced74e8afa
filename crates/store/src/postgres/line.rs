//! The line to a server. Whoever waits for an answer on it sends and reads meanwhile: no other thread has to be woken for
//! that, which would take longer than many a statement.
//!
//! Callers are not asynchronous: the lane has a thread of its own, and readers are called from the threads of a runtime, where
//! no second one may be started. So nothing of a runtime is touched: what speaks the protocol is a future that is polled here.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{fmt, slice};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long is waited at once where there is no bound.
const ANY_TIME: Duration = Duration::from_hours(1);

/// A socket that never waits by itself.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    socket: Arc<Socket>,
    ready: Arc<Ready>,
}

/// What a socket is ready for, as far as is known.
#[derive(Debug)]
struct Ready {
    to_read: AtomicBool,
    to_write: AtomicBool,
}

impl Wire {
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let ready = Ready { to_read: AtomicBool::new(false), to_write: AtomicBool::new(true) };
        Ok(Self { socket: Arc::new(socket), ready: Arc::new(ready) })
    }

    /// Waits for an answer for so long at the most. Whenever something has come, and at first, `drive` has to do about it what
    /// can be done at once.
    pub(super) fn wait<F: Future>(&self, patience: Duration, answer: F, drive: impl Fn()) -> Option<F::Output> {
        let mut answer = pin!(answer);
        let told = Arc::<Flag>::default();
        let waker = Waker::from(Arc::clone(&told));
        let mut context = Context::from_waker(&waker);
        let began = now();
        loop {
            told.lower();
            if let Poll::Ready(answer) = answer.as_mut().poll(&mut context) {
                return Some(answer);
            }
            drive();
            if !told.is_up() && !self.becomes_ready(patience.saturating_sub(began.elapsed())) {
                return None;
            }
        }
    }

    /// Waits until the socket is ready for what it was not; tells whether it is.
    fn becomes_ready(&self, patience: Duration) -> bool {
        let is_full = !self.ready.to_write.load(Ordering::Acquire);
        let wanted = if is_full { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut watched = PollFd::new(&*self.socket, wanted);
        let patience = Timespec::try_from(patience).ok();
        let told = match poll(slice::from_mut(&mut watched), patience.as_ref()) {
            Ok(_) => watched.revents(),
            Err(Errno::INTR) => return true,
            // As for a socket that has failed: reading tells why.
            Err(_) => PollFlags::ERR,
        };
        let has_failed = told.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
        if has_failed || told.contains(PollFlags::IN) {
            self.ready.to_read.store(true, Ordering::Release);
        }
        if has_failed || told.contains(PollFlags::OUT) {
            self.ready.to_write.store(true, Ordering::Release);
        }
        !told.is_empty()
    }
}

#[expect(clippy::disallowed_methods, reason = "it bounds a wait, and no time is told")]
fn now() -> Instant {
    Instant::now()
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let to_read = &self.ready.to_read;
        if !to_read.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        let room = read.initialize_unfilled();
        let length = room.len();
        match (&*self.socket).read(room) {
            Ok(count) => {
                // Less than there is room for is all that has come; the end stays the end.
                to_read.store(count == length || count == 0, Ordering::Release);
                read.advance(count);
                Poll::Ready(Ok(()))
            }
            Err(error) => unless_not_ready(error, to_read),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match (&*self.socket).write(bytes) {
            Ok(count) => Poll::Ready(Ok(count)),
            Err(error) => unless_not_ready(error, &self.ready.to_write),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(Shutdown::Write))
    }
}

fn unless_not_ready<T>(error: io::Error, ready: &AtomicBool) -> Poll<io::Result<T>> {
    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) {
        ready.store(false, Ordering::Release);
        return Poll::Pending;
    }
    Poll::Ready(Err(error))
}

/// Is up when a future has something to do.
#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl Flag {
    fn is_up(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn lower(&self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// What speaks the protocol, until the connection ends.
type Speaker = Pin<Box<dyn Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send>>;

/// The line to a server that was greeted. Who holds the client lets go of it first, so that the end is sent, too.
pub(super) struct Line {
    wire: Wire,
    speaker: RefCell<Option<Speaker>>,
    called: Arc<Flag>,
}

impl Line {
    pub(super) fn new(
        wire: Wire,
        speaker: impl Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send + 'static,
    ) -> Self {
        Self { wire, speaker: RefCell::new(Some(Box::pin(speaker))), called: Arc::default() }
    }

    /// Sends and reads what can be without waiting.
    pub(super) fn drive(&self) {
        let mut speaker = self.speaker.borrow_mut();
        let waker = Waker::from(Arc::clone(&self.called));
        let mut context = Context::from_waker(&waker);
        while let Some(speaking) = speaker.as_mut() {
            self.called.lower();
            match speaking.as_mut().poll(&mut context) {
                Poll::Ready(ended) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection to the database ended");
                    }
                    *speaker = None;
                }
                Poll::Pending if !self.called.is_up() => break,
                Poll::Pending => {}
            }
        }
    }

    /// Hears what the server says unasked, such as that it ends the connection.
    pub(super) fn hear(&self) {
        if self.wire.becomes_ready(Duration::ZERO) {
            self.drive();
        }
    }

    /// Waits for an answer.
    pub(super) fn wait<F: Future>(&self, answer: F) -> F::Output {
        let mut answer = pin!(answer);
        loop {
            if let Some(answer) = self.wait_for(ANY_TIME, answer.as_mut()) {
                return answer;
            }
        }
    }

    /// Waits for an answer for so long at the most.
    pub(super) fn wait_for<F: Future>(&self, patience: Duration, answer: F) -> Option<F::Output> {
        self.wire.wait(patience, answer, || self.drive())
    }

    /// Sends a question: it goes out when it is looked at for the first time.
    pub(super) fn ask<'a, T>(&self, question: impl Future<Output = T> + Send + 'a) -> Sent<'a, T> {
        let mut question: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(question);
        let early = match question.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        self.drive();
        Sent { question, early }
    }

    /// Waits for the answer to a question.
    pub(super) fn answer<T>(&self, sent: Sent<'_, T>) -> T {
        sent.early.unwrap_or_else(|| self.wait(sent.question))
    }
}

/// Says goodbye.
impl Drop for Line {
    fn drop(&mut self) {
        self.drive();
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("wire", &self.wire).finish_non_exhaustive()
    }
}

/// A question that is on its way to a server. A connection's answers come in the order of its questions, and are to be
/// waited for in that order: one that nobody takes keeps those behind it back.
pub(super) struct Sent<'a, T> {
    question: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    /// What was answered at once.
    early: Option<T>,
}

/// Shows that there is one, as what is asked may hold secrets.
impl<T> fmt::Debug for Sent<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::thread;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const MUCH: usize = 4 << 20;

    fn wire() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("is made");
        (Wire::new(Socket::from(std::os::fd::OwnedFd::from(ours))).expect("is a socket"), theirs)
    }

    #[test]
    fn who_waits_sends_and_reads_as_much_as_there_is() {
        let (wire, mut theirs) = wire();
        let other = thread::spawn(move || {
            let mut sent = vec![0; MUCH];
            theirs.read_exact(&mut sent).expect("reads");
            theirs.write_all(&sent).expect("writes");
        });
        let mut speaking = wire.clone();
        let echo = async move {
            let mut heard = vec![0; MUCH];
            speaking.write_all(&vec![7; MUCH]).await?;
            speaking.read_exact(&mut heard).await.map(|_| heard)
        };
        let heard = wire.wait(Duration::from_secs(20), echo, || ()).expect("answers in time").expect("answers");
        assert!(heard.iter().all(|byte| *byte == 7));
        other.join().expect("ends");
    }

    #[test]
    fn who_says_nothing_is_not_waited_for_longer_than_is_said() {
        let (wire, theirs) = wire();
        let mut speaking = wire.clone();
        assert!(wire.wait(Duration::from_millis(20), speaking.read_u8(), || ()).is_none());
        drop(theirs);
        let mut speaking = wire.clone();
        wire.wait(ANY_TIME, speaking.read_u8(), || ()).expect("is told at once").expect_err("is the end");
    }
}
