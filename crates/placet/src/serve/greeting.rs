//! Which HTTP a connection speaks: HTTP/2 begins with words that no request of HTTP/1 begins with.
//!
//! What was read to find out is given back together with what follows it. So a request comes in one piece, and the buffer it
//! is read into is not doubled for its first bytes; thousands of polls that wait each keep such a buffer.
//!
//! Spec: RFC 9113 §3.3–3.4

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// What HTTP/2 begins with.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// A stream whose first bytes were looked at.
pub(super) struct Greeted<I> {
    inner: I,
    heard: [u8; PREFACE.len()],
    /// How much of `heard` was given back, and how much was read.
    given: usize,
    read: usize,
}

impl<I> Greeted<I> {
    /// A stream that has said nothing yet.
    pub(super) fn new(inner: I) -> Self {
        Self {
            inner,
            heard: [0; PREFACE.len()],
            given: 0,
            read: 0,
        }
    }
}

impl<I: AsyncRead + Unpin> Greeted<I> {
    /// Reads until it is clear what is spoken.
    ///
    /// # Errors
    /// Those of the stream.
    pub(super) async fn listen(&mut self) -> io::Result<Version> {
        loop {
            let room = self.heard.get_mut(self.read..).unwrap_or_default();
            let count = self.inner.read(room).await?;
            self.read += count;
            let heard = self.heard.get(..self.read).unwrap_or_default();
            if count == 0 || !PREFACE.starts_with(heard) {
                return Ok(Version::Http1);
            }
            if self.read == PREFACE.len() {
                return Ok(Version::Http2);
            }
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Greeted<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let kept = self.heard.get(self.given..self.read).unwrap_or_default();
        if kept.is_empty() {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let (now, later) = kept.split_at(kept.len().min(buffer.remaining()));
        buffer.put_slice(now);
        let is_all = later.is_empty();
        self.given += now.len();
        if is_all
            && buffer.remaining() > 0
            && let Poll::Ready(Err(error)) = Pin::new(&mut self.inner).poll_read(context, buffer)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Greeted<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// What is heard of these words, and everything that is read afterwards, as it came.
    async fn greet(words: &[&[u8]]) -> (Version, Vec<Vec<u8>>) {
        let (mut near, far) = tokio::io::duplex(64);
        let mut stream = Greeted::new(far);
        let speak = async {
            for word in words {
                near.write_all(word).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(near);
        };
        let listen = async {
            let version = stream.listen().await.unwrap();
            let mut pieces = Vec::new();
            loop {
                let mut piece = vec![0; 40];
                let count = stream.read(&mut piece).await.unwrap();
                if count == 0 {
                    return (version, pieces);
                }
                piece.truncate(count);
                pieces.push(piece);
            }
        };
        tokio::join!(speak, listen).1
    }

    #[tokio::test]
    async fn rfc9113_3_4_the_preface_tells_the_version_however_it_is_cut() {
        let preface: Vec<&[u8]> = PREFACE.chunks(1).collect();
        for (words, version) in [
            (vec![&PREFACE[..], b"frames"], Version::Http2),
            (preface, Version::Http2),
            (vec![b"P", b"OST / HTTP/1.1"], Version::Http1),
            (
                vec![b"PRI * HTTP/2.0\r\n\r\nSM\r\n", b"\rx"],
                Version::Http1,
            ),
            (vec![b"GET"], Version::Http1),
            (vec![b"PRI "], Version::Http1),
            (vec![], Version::Http1),
        ] {
            let (heard, pieces) = greet(&words).await;
            assert_eq!(heard, version, "{words:?}");
            assert_eq!(pieces.concat(), words.concat(), "{words:?}");
        }
    }

    #[tokio::test]
    async fn a_request_that_came_in_one_piece_is_read_in_one() {
        let request: &[u8] = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
        let (_, pieces) = greet(&[request]).await;
        assert_eq!(pieces, [request.to_vec()]);
    }
}
