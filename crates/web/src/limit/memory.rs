//! A map that forgets: two generations of bounded size, of which the older one is dropped when the newer is full.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

/// Entries of one generation. At most twice as many are kept.
pub(super) const GENERATION: usize = 16_384;

/// Values by the keyed hash of a name, so that an entry has a fixed size and nobody can aim for a collision.
pub(super) struct Memory<T> {
    hasher: RandomState,
    newer: HashMap<u64, T>,
    older: HashMap<u64, T>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            newer: HashMap::new(),
            older: HashMap::new(),
        }
    }
}

impl<T: Default> Memory<T> {
    /// The value of a name, if it is remembered.
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let key = self.hasher.hash_one(name);
        self.newer.get(&key).or_else(|| self.older.get(&key))
    }

    /// The value of a name, to change; used values move to the newer generation.
    pub(super) fn entry(&mut self, name: &str) -> &mut T {
        let key = self.hasher.hash_one(name);
        if !self.newer.contains_key(&key) && self.newer.len() >= GENERATION {
            self.older = std::mem::take(&mut self.newer);
        }
        let older = &mut self.older;
        self.newer
            .entry(key)
            .or_insert_with(|| older.remove(&key).unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.newer.len() + self.older.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e13_the_memory_is_bounded_and_keeps_what_is_used() {
        let mut memory = Memory::<u32>::default();
        for n in 0..GENERATION * 4 {
            *memory.entry(&n.to_string()) += 1;
            *memory.entry("used all the time") += 1;
        }
        assert!(memory.len() <= GENERATION * 2);
        let want = u32::try_from(GENERATION * 4).expect("it is small");
        assert_eq!(memory.get("used all the time"), Some(&want));
        assert_eq!(memory.get("0"), None);
    }
}
