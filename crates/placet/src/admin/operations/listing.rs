//! Lists in pages. A cursor is a position under a MAC and the name of its list: nobody makes one up, and one of
//! another list is refused.

use data_encoding::BASE64URL_NOPAD;
use placet_core::{
    secret::{SecretHash, kind},
    store::{Key, Record, Table, Versioned},
};
use serde::Serialize;

use super::{OperationError, Operator};

/// The most items of one page.
pub const PAGE_LIMIT: usize = 500;
/// How many records one page looks at when most of them are left out.
const SCAN_LIMIT: usize = 10_000;
/// The length of a cursor's MAC.
const MAC_BYTES: usize = 32;

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listing<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the page that follows. Absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The `next` of the page before. Absent for the first.
    pub after: Option<String>,
    /// How many items at most; never more than [`PAGE_LIMIT`].
    pub limit: usize,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            after: None,
            limit: PAGE_LIMIT,
        }
    }
}

impl Wish {
    pub(super) fn capped(&self) -> usize {
        self.limit.clamp(1, PAGE_LIMIT)
    }

    /// The wish for the page that follows this one. `None` after the last.
    #[must_use]
    pub fn following<T>(mut self, page: &Listing<T>) -> Option<Self> {
        self.after.clone_from(&page.next);
        self.after.is_some().then_some(self)
    }
}

impl Operator {
    /// One page of a table; `view` leaves out what it makes nothing of.
    pub(super) async fn page<T>(
        &self,
        list: &str,
        table: Table,
        wish: &Wish,
        view: impl Fn(Versioned<Record>) -> Option<T>,
    ) -> Result<Listing<T>, OperationError> {
        let mut after = match &wish.after {
            None => None,
            Some(text) => Some(
                Key::from_bytes(table, &self.open_cursor(list, text)?)
                    .ok_or(OperationError::BadCursor)?,
            ),
        };
        let limit = wish.capped();
        let (mut items, mut scanned) = (Vec::new(), 0);
        loop {
            let step = limit - items.len();
            let records = self
                .store()
                .page(self.engine.issuer_id(), table, after, step)
                .await?;
            let exhausted = records.len() < step;
            scanned += records.len();
            after = records.last().map(|last| last.value.key()).or(after);
            items.extend(records.into_iter().filter_map(&view));
            if exhausted {
                return Ok(Listing { items, next: None });
            }
            if items.len() == limit || scanned >= SCAN_LIMIT {
                let next = after.map(|key| self.seal_cursor(list, key.bytes()));
                return Ok(Listing { items, next });
            }
        }
    }

    /// A position that only this list reads back.
    pub(super) fn seal_cursor(&self, list: &str, position: &[u8]) -> String {
        let mut bytes = position.to_vec();
        bytes.extend_from_slice(self.cursor_mac(list, position).as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The position in a cursor of this list.
    pub(super) fn open_cursor(&self, list: &str, text: &str) -> Result<Vec<u8>, OperationError> {
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| OperationError::BadCursor)?;
        let split = bytes
            .len()
            .checked_sub(MAC_BYTES)
            .and_then(|at| bytes.split_at_checked(at));
        let (position, mac) = split.ok_or(OperationError::BadCursor)?;
        let mac = <[u8; MAC_BYTES]>::try_from(mac).map_err(|_| OperationError::BadCursor)?;
        if self.cursor_mac(list, position) == SecretHash::from_bytes(mac) {
            Ok(position.to_vec())
        } else {
            Err(OperationError::BadCursor)
        }
    }

    fn cursor_mac(&self, list: &str, position: &[u8]) -> SecretHash<kind::Content> {
        let value = format!("{list}\n{}", BASE64URL_NOPAD.encode(position));
        self.engine.vault().keyed_hash("admin cursor", &value)
    }
}
