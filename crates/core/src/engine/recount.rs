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

/// How far a count has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It began. What is being written at this moment should be in the store before it goes on.
    Begun,
    /// There is more to read.
    Part,
    /// It has taken the place of the one in force; the next step begins another.
    All,
}

impl Engine {
    /// Takes a count one step further: it begins, then reads one page of stored requests at a time. What other nodes
    /// open or settle meanwhile may be missed until the next count.
    ///
    /// # Errors
    /// [`Error::Store`] when they cannot be read; the same count can go on.
    pub async fn count_open_step(&self, count: &mut OpenCount) -> Result<Counted, Error> {
        let now = self.store.now();
        let Some(began_at) = count.began_at else {
            self.census.begin_anew(now);
            count.began_at = Some(now);
            return Ok(Counted::Begun);
        };
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
            return Ok(Counted::All);
        }
        Ok(Counted::Part)
    }

    /// How many requests are open.
    pub fn open_requests(&self) -> u32 {
        self.census.open(self.store.now())
    }
}
