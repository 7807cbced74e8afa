//! Statements whose answers come together.
//!
//! A server sends what it has to say whenever the client asks for it (Sync), which `tokio-postgres` does after each
//! statement: that is a trip through the kernel and a thread to be woken for each of them. So where several statements go out
//! in one transaction, all of these are left out but the last one, and the answers that would have come of them are put in.
//! (libpq calls this its pipeline mode. Message flow: PostgreSQL's documentation, 55.2.3 and 55.2.4.)

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use postgres_protocol::message::backend::Header;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::types::private::BytesMut;

/// How much is read from the socket at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// From so many bytes on, what is still to be followed by others goes out, so that the server begins with it.
const WAITING_BYTES_MAX: usize = 8 * 1024;

/// Which statements are not to be answered for themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(Arc<AtomicUsize>);

impl Held {
    /// The next statement that is sent waits for its answer until something that is not held was sent, too. That has to be a
    /// Sync: where the statement fails, the server passes over all that comes before one.
    pub(super) fn hold_next(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether the statement that goes out now is held.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |held| held.checked_sub(1)).is_ok()
    }
}

/// How the answer to something that was sent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server says so.
    Told,
    /// It is put in.
    PutIn,
}

/// A connection on which statements may be held.
#[derive(Debug)]
pub(super) struct Pipeline<S> {
    stream: S,
    held: Held,
    /// Whether the first message was sent, which has no tag.
    greeted: bool,
    /// The tag of the message that was sent last.
    last: u8,
    /// What was sent and is not answered to its end.
    under_way: VecDeque<End>,
    /// Whether a held statement has failed, so that the server passes over what comes before the next Sync.
    passing_over: bool,
    outgoing: BytesMut,
    incoming: BytesMut,
    /// What came in, whole messages, with what was put in.
    answers: BytesMut,
}

impl<S> Pipeline<S> {
    pub(super) fn new(stream: S, held: Held) -> Self {
        Self {
            stream,
            held,
            greeted: false,
            last: 0,
            under_way: VecDeque::new(),
            passing_over: false,
            outgoing: BytesMut::new(),
            incoming: BytesMut::new(),
            answers: BytesMut::new(),
        }
    }

    /// Takes whole messages of the client, as it writes no others.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        const EXECUTE: u8 = b'E';
        if !std::mem::replace(&mut self.greeted, true) {
            self.outgoing.extend_from_slice(bytes);
            return Ok(());
        }
        while !bytes.is_empty() {
            let (tag, length) = message(bytes)?.ok_or(io::ErrorKind::InvalidData)?;
            let (message, rest) = bytes.split_at_checked(length).ok_or(io::ErrorKind::InvalidData)?;
            let mut goes_out = true;
            match tag {
                // Sync
                b'S' if self.last == EXECUTE && self.held.take() => {
                    self.begin(End::PutIn);
                    goes_out = false;
                }
                // Sync, Query
                b'S' | b'Q' => self.begin(End::Told),
                // CopyDone, CopyFail: the Sync before the rows is passed over.
                b'c' | b'f' => drop(self.under_way.pop_back()),
                _ => {}
            }
            if goes_out {
                self.outgoing.extend_from_slice(message);
            }
            self.last = tag;
            bytes = rest;
        }
        Ok(())
    }

    /// Something was sent whose answer ends like this.
    fn begin(&mut self, end: End) {
        self.under_way.push_back(end);
        if self.passing_over {
            self.pass_over();
        }
    }

    /// Takes whole messages of the server.
    fn receive(&mut self) -> io::Result<()> {
        while let Some((tag, length)) = message(&self.incoming)?.filter(|(_, length)| *length <= self.incoming.len()) {
            let message = self.incoming.split_to(length);
            self.answers.extend_from_slice(&message);
            match (tag, self.under_way.front()) {
                // ReadyForQuery
                (b'Z', _) => {
                    self.under_way.pop_front();
                    self.passing_over = false;
                }
                // CommandComplete, EmptyQueryResponse, PortalSuspended
                (b'C' | b'I' | b's', Some(End::PutIn)) => self.put_ready(b'T'),
                // ErrorResponse
                (b'E', Some(End::PutIn)) => {
                    self.put_ready(b'E');
                    self.passing_over = true;
                    self.pass_over();
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends the answer to a held statement as the server would, with `ReadyForQuery`, in a transaction of this state.
    fn put_ready(&mut self, state: u8) {
        self.under_way.pop_front();
        self.answers.extend_from_slice(&[b'Z', 0, 0, 0, 5, state]);
    }

    /// Says of each statement that the server passes over what it would say itself: that the transaction has failed.
    fn pass_over(&mut self) {
        const FIELDS: &[u8] = b"SERROR\0VERROR\0C25P02\0Mcurrent transaction is aborted\0\0";
        while let Some(end) = self.under_way.front().copied() {
            let length = u32::try_from(FIELDS.len() + 4).unwrap_or_default();
            self.answers.extend_from_slice(b"E");
            self.answers.extend_from_slice(&length.to_be_bytes());
            self.answers.extend_from_slice(FIELDS);
            if end == End::Told {
                // It is the Sync, which the server answers.
                self.passing_over = false;
                break;
            }
            self.put_ready(b'E');
        }
    }

    /// Whether what is to go out may wait for what follows.
    fn may_wait(&self) -> bool {
        self.under_way.back() == Some(&End::PutIn) && self.outgoing.len() < WAITING_BYTES_MAX
    }
}

/// The tag of the message that comes first, and its length with the tag; none where its head is not whole.
fn message(bytes: &[u8]) -> io::Result<Option<(u8, usize)>> {
    let Some(header) = Header::parse(bytes)? else { return Ok(None) };
    let length = usize::try_from(header.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some((header.tag(), length + 1)))
}

impl<S: AsyncRead + Unpin> AsyncRead for Pipeline<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.answers.is_empty() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.incoming.extend_from_slice(chunk.filled());
            this.receive()?;
        }
        let length = read.remaining().min(this.answers.len());
        read.put_slice(&this.answers.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pipeline<S> {
    /// Takes everything. It goes out with the flush, which comes once there is nothing more to write.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let had_answers = !self.answers.is_empty();
        self.send(bytes)?;
        if !had_answers && !self.answers.is_empty() {
            // Whoever reads waits for the socket, and nothing comes from there.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.may_wait() {
            return Poll::Ready(Ok(()));
        }
        while !this.outgoing.is_empty() {
            let sent = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.outgoing))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(this.outgoing.split_to(sent));
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// Messages by their tags: of the client `b`ind and e`x`ecute (two messages), `s`ync, `q`uery, the rows of a copy (`c`);
    /// of the server `2` (bound), `C` (done), `E` (failed), `T` and `F` (ready, in a transaction that holds or has failed).
    fn messages(names: &str) -> Vec<u8> {
        let message = |tag: u8, body: &[u8]| {
            let length = u32::try_from(body.len() + 4).expect("is short").to_be_bytes();
            [&[tag][..], &length, body].concat()
        };
        let one = |name| match name {
            'x' => [message(b'B', b"portal"), message(b'E', b"rows")].concat(),
            's' => message(b'S', b""),
            'q' => message(b'Q', b"commit\0"),
            'c' => [message(b'd', b"row"), message(b'c', b"")].concat(),
            'T' => message(b'Z', b"T"),
            'F' => message(b'Z', b"E"),
            'E' => message(b'E', b"C25P02\0\0"),
            other => message(other as u8, b"told"),
        };
        names.chars().flat_map(one).collect()
    }

    /// The tags of messages, with the states in which the server is ready.
    fn tags(mut bytes: &[u8]) -> String {
        let mut tags = String::new();
        while let Some((tag, length)) = message(bytes).expect("is a message") {
            tags.push(match (tag, bytes[length - 1]) {
                (b'Z', b'E') => 'F',
                (b'Z', state) => state as char,
                (tag, _) => tag as char,
            });
            bytes = &bytes[length..];
        }
        tags
    }

    /// A connection that was greeted, and the server at its other end.
    async fn connected() -> (Pipeline<DuplexStream>, DuplexStream) {
        let (client, mut server) = duplex(1 << 20);
        let mut pipeline = Pipeline::new(client, Held::default());
        pipeline.write_all(b"hello").await.expect("writes");
        pipeline.flush().await.expect("writes");
        server.read_exact(&mut [0; 5]).await.expect("reads");
        (pipeline, server)
    }

    async fn heard(stream: &mut (impl AsyncRead + Unpin)) -> String {
        let mut bytes = Vec::new();
        let read = async { while stream.read_buf(&mut bytes).await.expect("reads") > 0 {} };
        // What comes is there at once.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(20), read).await;
        tags(&bytes)
    }

    async fn say(stream: &mut (impl AsyncWrite + Unpin), names: &str) {
        stream.write_all(&messages(names)).await.expect("writes");
        stream.flush().await.expect("writes");
    }

    #[tokio::test]
    async fn held_statements_are_answered_together_and_each_as_if_alone() {
        let (mut pipeline, mut server) = connected().await;
        pipeline.held.hold_next();
        pipeline.held.hold_next();
        say(&mut pipeline, "xsxs").await;
        assert_eq!(heard(&mut server).await, "", "they wait for what follows");
        say(&mut pipeline, "s").await;
        assert_eq!(heard(&mut server).await, "BEBES");
        say(&mut server, "2C2CT").await;
        assert_eq!(heard(&mut pipeline).await, "2CT2CTT");
        say(&mut pipeline, "xsq").await;
        assert_eq!(heard(&mut server).await, "BESQ", "nothing is held any more");
        say(&mut server, "2ETCI").await;
        assert_eq!(heard(&mut pipeline).await, "2ETCI");
    }

    #[tokio::test]
    async fn what_the_server_passes_over_is_told_to_have_failed() {
        let (mut pipeline, mut server) = connected().await;
        for _ in 0..4 {
            pipeline.held.hold_next();
        }
        say(&mut pipeline, "xsxsxs").await;
        say(&mut server, "2C2E").await;
        assert_eq!(heard(&mut pipeline).await, "2CT2EFEF");
        say(&mut pipeline, "xs").await;
        assert_eq!(heard(&mut pipeline).await, "EF", "the server says nothing of it");
        say(&mut pipeline, "s").await;
        say(&mut server, "F").await;
        assert_eq!(heard(&mut pipeline).await, "EF");
        say(&mut pipeline, "q").await;
        say(&mut server, "CI").await;
        assert_eq!(heard(&mut pipeline).await, "CI");
        assert_eq!(heard(&mut server).await, "BEBEBEBESQ");
    }

    #[tokio::test]
    async fn much_that_waits_goes_out() {
        let (mut pipeline, mut server) = connected().await;
        let many = 2 * WAITING_BYTES_MAX / messages("xs").len();
        for _ in 0..many {
            pipeline.held.hold_next();
        }
        say(&mut pipeline, &"xs".repeat(many)).await;
        assert_eq!(heard(&mut server).await, "BE".repeat(many));
    }

    #[tokio::test]
    async fn rows_that_are_copied_are_answered_once() {
        let (mut pipeline, mut server) = connected().await;
        say(&mut pipeline, "xscs").await;
        say(&mut server, "2GCT").await;
        assert_eq!(heard(&mut pipeline).await, "2GCT");
        pipeline.held.hold_next();
        say(&mut pipeline, "xss").await;
        say(&mut server, "2CT").await;
        assert_eq!(heard(&mut pipeline).await, "2CTT");
    }

    #[tokio::test]
    async fn what_is_no_message_is_an_error() {
        let (mut pipeline, mut server) = connected().await;
        server.write_all(&[b'C', 0, 0, 0, 1, 0]).await.expect("writes");
        pipeline.read_u8().await.expect_err("is too short");
        pipeline.write_all(b"C").await.expect_err("is not whole");
    }
}
