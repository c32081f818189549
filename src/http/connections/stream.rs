//! The byte stream of a connection: a deadline for writes, and a close that loses no response.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::{Connection, PROGRESS_BYTES};

/// Maximum time for which a closed connection reads what its client is still sending.
const LINGER_TIME_MAX: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 5_000 });
/// Maximum bytes that a closed connection reads: 32 MiB.
const LINGER_BYTES_MAX: usize = 32 << 20;
/// Bytes that a closed connection reads at a time.
const LINGER_BUFFER_BYTES: usize = 4 << 10;

/// A stream that fails once a write has made too little progress for a time.
pub(super) struct ClientStream<S> {
    stream: S,
    connection: Arc<Connection>,
    write_time_max: Duration,
    blocked: Option<BlockedWrite>,
    linger: Option<Linger>,
}

/// A write that the client does not read.
struct BlockedWrite {
    deadline: Pin<Box<Sleep>>,
    /// Bytes written since it blocked.
    written: u64,
}

/// The time in which a client may read the response to a request that it is still sending. Closing the
/// connection at once would discard the response.
struct Linger {
    deadline: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<S> ClientStream<S> {
    pub(super) fn new(stream: S, connection: Arc<Connection>, write_time_max: Duration) -> Self {
        Self { stream, connection, write_time_max, blocked: None, linger: None }
    }

    /// `size` is the number of bytes that were to be written.
    fn watch_progress(
        &mut self,
        context: &mut Context<'_>,
        size: usize,
        polled: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        match polled {
            Poll::Ready(Ok(written)) => {
                let bytes = u64::try_from(written).unwrap_or(u64::MAX);
                self.connection.add_written(bytes);
                if let Some(blocked) = &mut self.blocked {
                    blocked.written = blocked.written.saturating_add(bytes);
                    if written >= size || blocked.written >= PROGRESS_BYTES {
                        self.blocked = None;
                    }
                }
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let time_max = self.write_time_max;
                let blocked = self
                    .blocked
                    .get_or_insert_with(|| BlockedWrite { deadline: Box::pin(sleep(time_max)), written: 0 });
                ready!(blocked.deadline.as_mut().poll(context));
                let message = format!("the client has not read for {time_max:?}");
                return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, message)));
            }
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> ClientStream<S> {
    /// Reads and discards what the client is sending, until it has closed its side too.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            deadline: Box::pin(sleep(LINGER_TIME_MAX)),
            bytes_left: LINGER_BYTES_MAX,
        });
        let mut buffer = [0; LINGER_BUFFER_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    linger.bytes_left = linger.bytes_left.saturating_sub(buffer.filled().len());
                    if linger.bytes_left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return linger.deadline.as_mut().poll(context),
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_progress(context, bytes.len(), polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        let size = slices.iter().map(|slice| slice.len()).sum();
        self.watch_progress(context, size, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        if self.connection.has_unread_body() {
            ready!(self.poll_linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const TIME_MAX: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_blocked_write_fails_unless_it_progresses() {
        // bytes that the client reads ten times a second, and whether the write fails
        for (read, fails) in [(0, true), (1_000, true), (20_000, false)] {
            let (mut client, server) = duplex(64 << 10);
            let mut stream = ClientStream::new(server, Arc::new(Connection::detached()), TIME_MAX);
            let reading = tokio::spawn(async move {
                let mut buffer = vec![0; read];
                for _ in 0..15 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    // The server may have closed the connection meanwhile.
                    let _read = client.read_exact(&mut buffer).await;
                }
                client
            });
            let written = stream.write_all(&vec![0; 200_000]).await;
            assert_eq!(written.is_err(), fails, "{read} bytes: {written:?}");
            drop(stream);
            drop(reading.await.expect("the client ends"));
        }
    }

    /// Time in which nothing is written does not count.
    #[tokio::test]
    async fn a_write_that_was_completed_has_no_deadline() {
        let (mut client, server) = duplex(8);
        let mut stream = ClientStream::new(server, Arc::new(Connection::detached()), TIME_MAX);
        for _ in 0..2 {
            let write = stream.write_all(&[0; 16]);
            let read = async {
                tokio::time::sleep(TIME_MAX / 5).await;
                client.read_exact(&mut [0; 16]).await
            };
            let (written, read) = tokio::join!(write, read);
            assert!(written.is_ok() && read.is_ok(), "{written:?} {read:?}");
            tokio::time::sleep(TIME_MAX * 2).await;
        }
    }

    #[tokio::test]
    async fn a_client_that_is_still_sending_may_read_the_response() {
        // While the client stays open, the close takes as long as it may if the body was not read.
        for unread in [false, true] {
            let (mut client, server) = duplex(64);
            let connection = Arc::new(Connection::detached());
            if unread {
                connection.set_unread_body();
            }
            let mut stream = ClientStream::new(server, connection, TIME_MAX);
            let began = tokio::time::Instant::now();
            let sending = async { client.write_all(&[0; 1_000]).await.is_ok() };
            let closing = async {
                stream.shutdown().await.expect("it closes");
                let took = began.elapsed();
                drop(stream);
                took
            };
            let (sent, took) = tokio::join!(sending, closing);
            assert_eq!((sent, took >= LINGER_TIME_MAX), (unread, unread), "{took:?}");
        }
    }
}
