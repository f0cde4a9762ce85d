//! Counting anew what is open: after a start, and now and then on each of several nodes, since a request that was
//! opened on one may be settled on another.

use super::{Engine, Error};
use crate::{
    store::{Key, Record, Table},
    time::Timestamp,
};

/// Rows read at a time: well under a millisecond of a store's time.
const PAGE: usize = 256;

/// A count under way. An engine makes one at a time.
#[derive(Default)]
pub struct OpenCount {
    began_at: Option<Timestamp>,
    after: Option<Key>,
}

impl Engine {
    /// Counts one page of stored requests more. Returns whether that was the last one; then this count takes the
    /// place of the one in force. What another node opens meanwhile may be missed until the next count.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read; the same count can go on.
    pub async fn count_open_step(&self, count: &mut OpenCount) -> Result<bool, Error> {
        let now = self.store.now();
        let began_at = *count.began_at.get_or_insert_with(|| {
            self.census.begin_anew();
            now
        });
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
            // What was opened here since the count began has been counted as it came.
            if request.created_at < began_at && request.is_open(now) {
                let asker = &request.asker;
                self.census
                    .found(asker.client, &asker.peer, request.expires_at);
            }
        }
        if last {
            self.census.end_anew();
            *count = OpenCount::default();
        }
        Ok(last)
    }

    /// How many requests are open.
    pub fn open_requests(&self) -> u32 {
        self.census.open(self.store.now())
    }
}
