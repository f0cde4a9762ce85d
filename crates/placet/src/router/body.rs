//! Reads a body that is neither too large nor too slow (threat E13).
//!
//! Spec: RFC 9110 §8.6 (`Content-Length`), §15.5.14 (413), §15.5.9 (408)

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

/// What a body may take before its bytes must have come.
const GRACE: Duration = Duration::from_secs(5);
/// The slowest a body may come: 1 KiB a second, slower than any modem.
const FLOOR_BYTES_PER_SECOND: u64 = 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is longer than its route allows.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// The connection ended, or the framing is broken.
    Broken,
}

/// Reads a body of at most `limit_bytes`.
///
/// # Errors
/// As [`BodyError`] says.
pub async fn read(mut body: Incoming, limit_bytes: usize) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |length| length > limit_bytes) {
        return Err(BodyError::TooLarge);
    }
    let begun = Instant::now();
    let mut whole = Bytes::new();
    let mut gathered = BytesMut::new();
    loop {
        let received = (whole.len() + gathered.len()) as u64;
        let deadline = begun + GRACE + Duration::from_secs(received / FLOOR_BYTES_PER_SECOND);
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(BodyError::TooSlow),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(BodyError::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            // Trailers say nothing we read.
            continue;
        };
        if whole.len() + gathered.len() + data.len() > limit_bytes {
            return Err(BodyError::TooLarge);
        }
        // Nearly every form comes in one piece, which is then not copied.
        if whole.is_empty() && gathered.is_empty() {
            whole = data;
        } else {
            if gathered.is_empty() {
                gathered.extend_from_slice(&std::mem::take(&mut whole));
            }
            gathered.extend_from_slice(&data);
        }
    }
    Ok(if gathered.is_empty() {
        whole
    } else {
        gathered.freeze()
    })
}
