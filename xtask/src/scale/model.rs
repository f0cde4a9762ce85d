//! The model: how much a store needs, from a few numbers of PostgreSQL and what one row and one flow were seen to cost.
//!
//! | What | Formula |
//! |---|---|
//! | a table | rows ÷ rows of a page × 8192; a page holds ⌊8168 ÷ (row, in eights, + 4)⌋ |
//! | an index | rows × (8 + key, in eights, + 4) ÷ how full its pages are, + 1/fanout of that above |
//! | a look by key | the levels of the index and one page of the table |
//! | page images after a checkpoint | pages × (1 − (1 − 1/pages)^changes) × what a page holds, and the last page of what grows in order |
//! | rows kept | rows made per second × seconds they are kept |
//! | a rate | people × flows a day × what a flow costs × peak ÷ 86 400 |

/// A page of PostgreSQL, and what its header leaves to rows.
const PAGE: f64 = 8192.0;
const PAGE_ROOM: f64 = 8168.0;
/// What an index page leaves to entries: without its header, its own end and the key that bounds it.
const INDEX_ROOM: f64 = 8152.0;
/// The pointer to a row in its page.
const POINTER: f64 = 4.0;
/// The head of an index entry.
const ENTRY_HEAD: f64 = 8.0;
/// Pages of a B-tree are this full when keys come at random: they split in halves (ln 2).
const RANDOM_FILL: f64 = std::f64::consts::LN_2;
/// And when they come in order: only the last page splits, and 10 % of each stay free.
const ORDERED_FILL: f64 = 0.9;
/// A short value of variable length has one byte before it.
const SHORT_HEAD: f64 = 1.0;
const ISSUER: f64 = 16.0;
const ID: f64 = 16.0;
const NUMBER: f64 = 8.0;
/// Seconds of a day.
pub(super) const DAY: f64 = 86_400.0;

/// What the rows of a table are like, on average.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) count: f64,
    /// Of a row with its head.
    pub(super) row_bytes: f64,
    pub(super) key_bytes: f64,
    /// Whether keys come in the order of time.
    pub(super) ordered: bool,
    /// How many rows end by themselves and have an owner, in the indexes for that; 0 to 1.
    pub(super) ending: f64,
    pub(super) owned: f64,
}

/// Bytes of a table alone.
pub(super) fn heap_bytes(rows: &Rows) -> f64 {
    let of_page = (PAGE_ROOM / (eights(rows.row_bytes) + POINTER)).floor();
    (rows.count / of_page.max(1.0)).ceil() * PAGE
}

/// Bytes of the indexes of a table.
pub(super) fn index_bytes(rows: &Rows) -> f64 {
    let fill = if rows.ordered {
        ORDERED_FILL
    } else {
        RANDOM_FILL
    };
    let key = tree_bytes(rows.count, primary_entry(rows), fill);
    // Rows end in the order in which they were made.
    let ends = tree_bytes(rows.count * rows.ending, NUMBER, ORDERED_FILL);
    let owner = 3.0 * (ID + SHORT_HEAD);
    key + ends + tree_bytes(rows.count * rows.owned, owner, RANDOM_FILL)
}

/// Pages that a look by key reads: one of each level, and that of the row. Above the leaves the key alone says which way,
/// without the issuer, and the topmost page splits when it is full.
pub(super) fn pages_of_look(rows: &Rows) -> f64 {
    let most = entries_of_page(rows.key_bytes + SHORT_HEAD);
    let mut pages = (rows.count / (entries_of_page(primary_entry(rows)) * RANDOM_FILL)).ceil();
    let mut levels = 1.0;
    while pages > most {
        pages = (pages / (most * RANDOM_FILL)).ceil();
        levels += 1.0;
    }
    let top = if pages > 1.0 { 1.0 } else { 0.0 };
    levels + top + 1.0
}

/// Bytes of whole pages that `changes`, each with a new row and its event, bring into the log after a checkpoint: pages of
/// the index by random key, and the last pages of two tables and two indexes that grow in order.
pub(super) fn image_bytes(rows: &Rows, changes: f64) -> f64 {
    let pages = (tree_bytes(rows.count, primary_entry(rows), RANDOM_FILL) / PAGE).max(1.0);
    let touched = pages * (1.0 - (1.0 - 1.0 / pages).powf(changes));
    touched * image() + 4.0 * PAGE
}

/// What a page of an index by random key brings into the log: its free middle is left out.
pub(super) fn image() -> f64 {
    PAGE * RANDOM_FILL
}

/// Something that happens `per_day` to each of `people`, in seconds, at the busiest time `peak` times as often.
pub(super) fn rate(people: f64, per_day: f64, peak: f64) -> f64 {
    people * per_day * peak / DAY
}

/// By how much the model is off, in percent of what was measured.
pub(super) fn error_percent(model: f64, measured: f64) -> f64 {
    (model - measured) / measured * 100.0
}

fn primary_entry(rows: &Rows) -> f64 {
    rows.key_bytes + SHORT_HEAD + ISSUER + SHORT_HEAD
}

fn entries_of_page(key: f64) -> f64 {
    INDEX_ROOM / (eights(ENTRY_HEAD + key) + POINTER)
}

fn tree_bytes(rows: f64, key: f64, fill: f64) -> f64 {
    let of_page = entries_of_page(key) * fill;
    let leaves = (rows / of_page).ceil();
    // One page more says where the tree begins.
    (leaves + (leaves / of_page).ceil() + 1.0) * PAGE
}

/// PostgreSQL begins each value at a multiple of eight.
fn eights(bytes: f64) -> f64 {
    (bytes / 8.0).ceil() * 8.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Rows = Rows {
        count: 1_000_000.0,
        row_bytes: 396.0,
        key_bytes: 32.0,
        ordered: false,
        ending: 1.0,
        owned: 0.0,
    };

    #[test]
    fn a_page_holds_whole_rows() {
        // 404 bytes with its pointer: 20 rows of a page, 50 000 pages.
        assert!((heap_bytes(&ROWS) - 50_000.0 * PAGE).abs() < 1.0);
    }

    #[test]
    fn a_look_grows_by_a_page_per_level() {
        let look = |count| pages_of_look(&Rows { count, ..ROWS });
        assert!((look(10.0) - 2.0).abs() < f64::EPSILON);
        assert!((look(1e4) - 3.0).abs() < f64::EPSILON);
        assert!((look(1e9) - 6.0).abs() < f64::EPSILON);
    }

    #[test]
    fn few_pages_are_all_written_whole_and_of_many_one_for_each_change() {
        let small = image_bytes(
            &Rows {
                count: 10.0,
                ..ROWS
            },
            1000.0,
        );
        assert!(small < 8.0 * PAGE);
        let large = image_bytes(&Rows { count: 1e9, ..ROWS }, 1000.0);
        assert!((large / (1000.0 * image()) - 1.0).abs() < 0.01);
    }

    #[test]
    fn rates_are_spread_over_a_day() {
        assert!((rate(86_400.0, 2.0, 3.0) - 6.0).abs() < 1e-9);
        assert!((error_percent(90.0, 100.0) + 10.0).abs() < 1e-9);
    }
}
