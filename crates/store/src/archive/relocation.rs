//! Moving a store: its records are copied while nobody can change them, proven whole, and only then said to be there.
//!
//! 1. The target must be empty, or hold exactly these records already.
//! 2. The source is fenced. Every commit that was acknowledged is before the fence, and none comes after it.
//! 3. All rows are copied in one transaction that reads them back before it commits.
//! 4. The source says where its records went.
//!
//! Interrupted before the end of 3, the target is empty and the fence can be taken away; after it, the target is whole
//! and the same command does what is left.

use super::{
    ArchiveError, Fence, Head, Stage, Sums, copy, fence, is_empty, lower_fence, raise_fence, sums,
};
use crate::Place;

/// Why a store was not moved, and what became of it.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Nothing was begun.
    #[error("{0}")]
    Refused(ArchiveError),
    /// The copy failed; servers write to the source again.
    #[error("{0}. Nothing was moved, and the store is in use as before")]
    Undone(ArchiveError),
    /// The copy failed or its end is not known, and the source stays fenced.
    #[error(
        "{0}. The store is still fenced: give the same command again, or `placet move --undo` to go on with this store"
    )]
    Fenced(ArchiveError),
}

/// Moves all of `from` to `to`.
///
/// # Errors
/// [`MoveError`] says whether `from` is in use as before or still fenced.
pub async fn relocate(from: &Place, to: &Place) -> Result<(Option<Head>, Sums), MoveError> {
    let standing = fence(from).await.map_err(MoveError::Refused)?;
    let marker = |stage| Fence {
        target: to.to_string(),
        stage,
    };
    match standing {
        Some(fence) if fence != marker(Stage::Copying) => {
            return Err(MoveError::Refused(ArchiveError::Fenced(fence)));
        }
        Some(_) | None => {}
    }
    let resumed = standing.is_some();
    let fresh = is_empty(to).await.map_err(MoveError::Refused)?;
    if !fresh && !resumed {
        return Err(MoveError::Refused(ArchiveError::NotEmpty));
    }
    raise_fence(from, marker(Stage::Copying))
        .await
        .map_err(MoveError::Refused)?;
    let copied = if fresh {
        copy(from, to).await.map(|(head, sums)| (Some(head), sums))
    } else {
        compare(from, to).await.map(|sums| (None, sums))
    };
    match copied {
        Ok(done) => {
            raise_fence(from, marker(Stage::Complete))
                .await
                .map_err(MoveError::Fenced)?;
            Ok(done)
        }
        // The target may hold everything, or hold it in a moment.
        Err(error @ (ArchiveError::Unknown | ArchiveError::NotEmpty)) => {
            Err(MoveError::Fenced(error))
        }
        Err(error) => match lower_fence(from).await {
            Ok(()) => Err(MoveError::Undone(error)),
            Err(_) => Err(MoveError::Fenced(error)),
        },
    }
}

/// A target that was filled before the command was interrupted holds exactly what the source holds.
async fn compare(from: &Place, to: &Place) -> Result<Sums, ArchiveError> {
    let (there, here) = (sums(to).await?, sums(from).await?);
    if there == here {
        Ok(there)
    } else {
        Err(ArchiveError::NotEmpty)
    }
}

/// Gives up a move that was interrupted: servers may write to `from` again.
///
/// # Errors
/// [`ArchiveError::Fenced`] when the move is complete, since the records live on elsewhere.
pub async fn give_up(from: &Place) -> Result<Option<Fence>, ArchiveError> {
    let standing = fence(from).await?;
    match standing {
        Some(
            fence @ Fence {
                stage: Stage::Complete,
                ..
            },
        ) => Err(ArchiveError::Fenced(fence)),
        Some(fence) => {
            lower_fence(from).await?;
            Ok(Some(fence))
        }
        None => Ok(None),
    }
}
