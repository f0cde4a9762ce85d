//! Whether one right gives nothing that another does not give: for narrowing, for filters, and for what is new.
//!
//! The rule knows no type, so it errs on the side of asking a person: what it does not understand must be equal.
//!
//! Spec: RFC 9635 §5.3, §8; RFC 9767 §3.3

use super::{AccessObject, AccessRight};

impl AccessRight {
    /// Whether everything this right gives is given by `other` too.
    ///
    /// 1. References are within themselves alone.
    /// 2. Types are compared byte for byte, without any normalisation (RFC 9635 §8).
    /// 3. A list of `other` restricts: this right needs the same list, holding nothing more. So does `identifier`.
    /// 4. Members of the type's own must be the same, since more of them may mean more or less.
    ///
    /// ```
    /// use placet_gnap::access::AccessRight;
    /// let granted = AccessRight::parse(r#"{"type":"photo-api","actions":["read","write"]}"#)?;
    /// let less = AccessRight::parse(r#"{"type":"photo-api","actions":["read"],"identifier":"7"}"#)?;
    /// assert!(less.is_within(&granted) && !granted.is_within(&less));
    /// # Ok::<(), placet_gnap::Problem>(())
    /// ```
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reference(mine), Self::Reference(theirs)) => mine == theirs,
            (Self::Object(mine), Self::Object(theirs)) => mine.is_within(theirs),
            (Self::Reference(_), Self::Object(_)) | (Self::Object(_), Self::Reference(_)) => false,
        }
    }
}

impl AccessObject {
    fn is_within(&self, other: &Self) -> bool {
        let lists = self.lists().into_iter().zip(other.lists());
        self.kind == other.kind
            && lists
                .into_iter()
                .all(|((_, mine), (_, theirs))| list_is_within(mine, theirs))
            && (other.identifier.is_none() || self.identifier == other.identifier)
            && self.other == other.other
    }
}

fn list_is_within(mine: Option<&Vec<String>>, theirs: Option<&Vec<String>>) -> bool {
    match (mine, theirs) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(mine), Some(theirs)) => mine.iter().all(|item| theirs.contains(item)),
    }
}

/// The rights of `asked` that no single right of `granted` holds: what a person has not agreed to yet (RFC 9635 §5.3).
pub fn new_in<'a>(
    asked: &'a [AccessRight],
    granted: &'a [AccessRight],
) -> impl Iterator<Item = &'a AccessRight> {
    asked
        .iter()
        .filter(|right| !granted.iter().any(|held| right.is_within(held)))
}
