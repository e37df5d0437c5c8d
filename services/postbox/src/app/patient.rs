//! A way out that does not wait for ever for a reader that takes nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep};

/// A writer that breaks off when nothing could be written for some time. Every byte that is taken
/// begins it anew: slow readers are served.
#[derive(Debug)]
pub struct Patient<W> {
    to: W,
    patience: Duration,
    until: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<W> Patient<W> {
    pub fn new(to: W, patience: Duration) -> Self {
        let until = Box::pin(tokio::time::sleep(patience));
        Self { to, patience, until, waiting: false }
    }

    /// Passes on what became of a write, or the end of the patience.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = false;
            return polled;
        }
        if !std::mem::replace(&mut self.waiting, true) {
            let until = Instant::now() + self.patience;
            self.until.as_mut().reset(until);
        }
        match self.until.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Patient<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.to).poll_write(cx, bytes);
        self.judge(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.to).poll_flush(cx);
        self.judge(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.to).poll_shutdown(cx);
        self.judge(cx, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_takes_nothing_ends_the_writing() {
        let (end, _held) = tokio::io::duplex(16);
        let mut writer = Patient::new(end, Duration::ZERO);
        writer.write_all(&[7; 16]).await.unwrap();
        let refused = writer.write_all(&[7]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_takes_byte_by_byte_is_served_to_the_end() {
        let (end, mut reader) = tokio::io::duplex(1);
        let mut writer = Patient::new(end, Duration::from_mins(1));
        let reading = async {
            let mut bytes = [0; 6];
            for byte in &mut bytes {
                *byte = reader.read_u8().await.unwrap();
            }
            bytes
        };
        let (written, read) = tokio::join!(writer.write_all(b"siegel"), reading);
        written.unwrap();
        assert_eq!(&read, b"siegel");
    }
}
