//! Pages of grants in the order of their making, forwards and backwards from any of them.
//!
//! Requests are keyed by chance, so that no two writers meet: no index knows their order. A page is found by reading every
//! request of the issuers that are meant, a few hundred at a time, and keeping no more of them than the page holds. Its time
//! grows with the requests that are kept; its memory does not. Whoever needs no order asks for the grants as they are stored:
//! such a page is read to its own end and no further.
//!
//! Spec: GraphQL Cursor Connections (Relay) §4; threats E5, E13

use std::collections::BTreeMap;

use placet_core::{
    id::Id,
    pending::PendingRequest,
    store::{Key, Record, Table},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Flaw, OperationError, Operator,
    gnap_grants::{self, GnapGrantFilter, GnapGrantView, Held, Holder},
};

/// The most grants of one page.
pub const GRANT_PAGE_LIMIT: usize = 100;
/// How many a page holds when nobody says.
const GRANT_PAGE_DEFAULT: usize = 20;
/// Requests read at once.
const STEP: usize = 500;

/// Which page is wanted.
#[derive(Debug, Clone, Default)]
pub struct GrantPaging {
    /// The grant before the first of the page, by id.
    pub after: Option<String>,
    /// The grant behind the last of the page, by id.
    pub before: Option<String>,
    /// How many at most, after `after`. Nobody says, or 0: 20.
    pub first: Option<i64>,
    /// How many at most, before `before`. Nobody says, or 0: 20.
    pub last: Option<i64>,
    /// Whether the oldest come first.
    pub ascending: bool,
}

/// One page of grants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GnapGrants {
    /// The grants. The id of each is its cursor.
    pub items: Vec<GnapGrantView>,
    /// Whether there are more behind the last.
    pub has_next_page: bool,
    /// Whether there are more before the first.
    pub has_previous_page: bool,
}

/// Where a grant stands among others: by the time of its making, then by id.
type Position = (Timestamp, [u8; 16]);

fn position(request: &PendingRequest) -> Position {
    (request.created_at, *request.id.as_bytes())
}

/// What is kept while everything is read.
struct Window<'a> {
    /// The page lies on one side of it.
    bound: Option<Position>,
    /// Whether the page holds the earliest grants above its bound, and not the latest below it.
    rising: bool,
    room: usize,
    kept: BTreeMap<Position, (&'a Holder, Held)>,
    /// Whether something lies beyond the page.
    more: bool,
    /// Whether something lies on the other side of the bound.
    behind: bool,
}

/// What a grant would change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It may belong to the page.
    Within,
    /// It lies beyond a page that is full.
    Beyond,
    /// It lies on the other side of the bound.
    Behind,
    /// Nothing that is not known.
    Nowhere,
}

impl Window<'_> {
    fn place(&self, at: Position) -> Place {
        let ahead = self
            .bound
            .is_none_or(|bound| if self.rising { at > bound } else { at < bound });
        if !ahead {
            return if self.behind {
                Place::Nowhere
            } else {
                Place::Behind
            };
        }
        let outermost = if self.rising {
            self.kept.last_key_value()
        } else {
            self.kept.first_key_value()
        };
        let full = self.kept.len() == self.room;
        match outermost {
            Some((edge, _)) if full && (at > *edge) == self.rising => {
                if self.more {
                    Place::Nowhere
                } else {
                    Place::Beyond
                }
            }
            _ => Place::Within,
        }
    }

    fn evict(&mut self) {
        while self.kept.len() > self.room {
            let gone = if self.rising {
                self.kept.pop_last()
            } else {
                self.kept.pop_first()
            };
            self.more = true;
            drop(gone);
        }
    }
}

impl Operator {
    /// One page of the grants that are kept by `holders`, newest first unless `paging` says otherwise.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for a page of no possible size; [`OperationError::BadCursor`] for a grant that is not
    /// among them, or not any more; [`OperationError::Engine`].
    pub async fn gnap_grants(
        &self,
        holders: &[Holder],
        filter: &GnapGrantFilter,
        paging: &GrantPaging,
    ) -> Result<GnapGrants, OperationError> {
        let (cursor, backward, room) = paging.read()?;
        let bound = match cursor {
            Some(cursor) => Some(bound(holders, cursor).await?),
            None => None,
        };
        let mut window = Window {
            bound,
            rising: paging.ascending != backward,
            room,
            kept: BTreeMap::new(),
            more: false,
            behind: false,
        };
        for holder in holders {
            scan(holder, filter, &mut window).await?;
        }
        let Window {
            kept, more, behind, ..
        } = window;
        let mut items = Vec::new();
        for (holder, held) in kept.values() {
            items.push(holder.view(held).await?);
        }
        if !paging.ascending {
            items.reverse();
        }
        let (has_next_page, has_previous_page) = if backward {
            (behind, more)
        } else {
            (more, behind)
        };
        Ok(GnapGrants {
            items,
            has_next_page,
            has_previous_page,
        })
    }
}

impl Operator {
    /// One page of the same grants as they are stored, in no order of time. It reads what it holds and what the filter leaves
    /// out before its end.
    ///
    /// # Errors
    /// As [`Self::gnap_grants`]; [`OperationError::Invalid`] also for a page before a cursor.
    pub async fn gnap_grants_as_stored(
        &self,
        holders: &[Holder],
        filter: &GnapGrantFilter,
        paging: &GrantPaging,
    ) -> Result<GnapGrants, OperationError> {
        let (cursor, backward, room) = paging.read()?;
        if backward {
            let rule = "needs an order: these are read forwards";
            return Err(OperationError::invalid("before", rule));
        }
        let (mut from, mut after) = (0, None);
        if let Some(cursor) = cursor {
            let id = gnap_grants::parse(cursor).ok_or(OperationError::BadCursor)?;
            (from, after) = (place(holders, id).await?, Some(Key::pending(id)));
        }
        let mut kept = Vec::new();
        for holder in holders.iter().skip(from) {
            read_on(holder, filter, (after.take(), room + 1), &mut kept).await?;
        }
        let has_next_page = kept.len() > room;
        let mut items = Vec::new();
        for (holder, held) in kept.iter().take(room) {
            items.push(holder.view(held).await?);
        }
        Ok(GnapGrants {
            items,
            has_next_page,
            has_previous_page: cursor.is_some(),
        })
    }
}

/// Which of the holders keeps the grant that a cursor names.
async fn place(holders: &[Holder], id: Id<PendingRequest>) -> Result<usize, OperationError> {
    for (number, holder) in holders.iter().enumerate() {
        if holder.find(id).await?.is_some() {
            return Ok(number);
        }
    }
    Err(OperationError::BadCursor)
}

/// Reads on from a key until `enough` grants are kept. Steps begin as small as the page and grow where the filter leaves much
/// out.
async fn read_on<'a>(
    holder: &'a Holder,
    filter: &GnapGrantFilter,
    (mut after, enough): (Option<Key>, usize),
    kept: &mut Vec<(&'a Holder, Held)>,
) -> Result<(), OperationError> {
    let (store, issuer) = (holder.engine.store(), holder.engine.issuer_id());
    let now = store.now();
    let mut step = enough;
    while kept.len() < enough {
        let page = store.page(issuer, Table::Pending, after, step).await?;
        let full = page.len() == step;
        for found in page {
            after = Some(found.value.key());
            let Record::Pending(request) = found.value else {
                return Err(found.value.misplaced().into());
            };
            let Some(held) = holder.held(*request) else {
                continue;
            };
            if holder.wanted(&held, filter, now).await? {
                kept.push((holder, held));
                if kept.len() == enough {
                    break;
                }
            }
        }
        if !full {
            break;
        }
        step = (step * 2).min(STEP);
    }
    Ok(())
}

impl GrantPaging {
    /// The cursor, whether the page lies before it, and the size of the page.
    fn read(&self) -> Result<(Option<&str>, bool, usize), OperationError> {
        let mut flaws = Vec::new();
        let mut size = |member: &str, count: Option<i64>| match usize::try_from(count.unwrap_or(0))
        {
            Ok(0) => GRANT_PAGE_DEFAULT,
            Ok(count) if count <= GRANT_PAGE_LIMIT => count,
            Ok(_) | Err(_) => {
                let rule = format!("must be between 1 and {GRANT_PAGE_LIMIT}");
                flaws.push(Flaw::new(member, rule));
                GRANT_PAGE_DEFAULT
            }
        };
        let (first, last) = (size("first", self.first), size("last", self.last));
        let (after, before) = (self.after.as_deref(), self.before.as_deref());
        if after.is_some() && before.is_some() {
            flaws.push(Flaw::new("before", "does not go together with after"));
        }
        if self.last.is_some() && before.is_none() && after.is_none() {
            flaws.push(Flaw::new(
                "last",
                "needs before: there is nothing to go back from",
            ));
        }
        if !flaws.is_empty() {
            return Err(OperationError::Invalid(flaws));
        }
        Ok(match (after, before) {
            (None, Some(before)) => (Some(before), true, last),
            (after, _) => (after, false, first),
        })
    }
}

/// The position of the grant that a cursor names.
async fn bound(holders: &[Holder], cursor: &str) -> Result<Position, OperationError> {
    let id = gnap_grants::parse(cursor).ok_or(OperationError::BadCursor)?;
    for holder in holders {
        if let Some(held) = holder.find(id).await? {
            return Ok(position(&held.request));
        }
    }
    Err(OperationError::BadCursor)
}

async fn scan<'a>(
    holder: &'a Holder,
    filter: &GnapGrantFilter,
    window: &mut Window<'a>,
) -> Result<(), OperationError> {
    let (store, issuer) = (holder.engine.store(), holder.engine.issuer_id());
    let now = store.now();
    let mut after: Option<Key> = None;
    loop {
        let page = store.page(issuer, Table::Pending, after, STEP).await?;
        let full = page.len() == STEP;
        after = page.last().map(|last| last.value.key()).or(after);
        for found in page {
            let Record::Pending(request) = found.value else {
                return Err(found.value.misplaced().into());
            };
            let at = position(&request);
            let place = window.place(at);
            if place == Place::Nowhere {
                continue;
            }
            let Some(held) = holder.held(*request) else {
                continue;
            };
            if !holder.wanted(&held, filter, now).await? {
                continue;
            }
            match place {
                Place::Within => {
                    window.kept.insert(at, (holder, held));
                    window.evict();
                }
                Place::Beyond => window.more = true,
                Place::Behind => window.behind = true,
                Place::Nowhere => {}
            }
        }
        if !full {
            return Ok(());
        }
    }
}
