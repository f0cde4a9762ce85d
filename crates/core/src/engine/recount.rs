//! Counting anew what is open: after a start, and now and then on each of several nodes, since a request that was
//! opened on one may be settled on another.

use super::{Engine, Error, census::Counts};
use crate::store::{Census, Key, Record, Table};

/// Rows read at a time: well under a millisecond of a store's time.
const PAGE: usize = 256;

/// A count under way.
#[derive(Default)]
pub struct OpenCount {
    after: Option<Key>,
    counts: Counts,
}

impl Engine {
    /// Counts one page of stored requests more. Returns whether that was the last one; then this count takes the
    /// place of the one in force. Requests opened or settled meanwhile may be missed by it until the next.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read; the same count can go on.
    pub async fn count_open_step(&self, count: &mut OpenCount) -> Result<bool, Error> {
        let now = self.store.now();
        let page = self
            .store
            .page(self.issuer, Table::Pending, count.after, PAGE)
            .await?;
        let last = page.len() < PAGE;
        for found in page {
            count.after = Some(found.value.key());
            let Record::Pending(request) = found.value else {
                return Err(found.value.misplaced().into());
            };
            if let Some(open) = Census::of(&request, now) {
                count.counts.add(open.client, &open.peer, open.expires_at);
            }
        }
        if last {
            self.census.replace(std::mem::take(&mut count.counts));
            count.after = None;
        }
        Ok(last)
    }

    /// How many requests are open.
    pub fn open_requests(&self) -> u32 {
        self.census.open(self.store.now())
    }
}
