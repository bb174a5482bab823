//! A log of limited length whose entries can be completed later.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
};

/// Number of the next entry. It is global, so a number from before a reset matches no later entry.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The newest `CAPACITY` entries, oldest first.
#[derive(Debug)]
pub(crate) struct Log<T, const CAPACITY: usize>(VecDeque<(u64, T)>);

impl<T, const CAPACITY: usize> Default for Log<T, CAPACITY> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T, const CAPACITY: usize> Log<T, CAPACITY> {
    /// Appends an entry and returns its number. A full log drops its oldest entry.
    pub(crate) fn push(&mut self, entry: T) -> u64 {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.0.push_back((number, entry));
        number
    }

    /// Returns the entry of a number, unless it was dropped.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let position = self.0.binary_search_by_key(&number, |(number, _)| *number);
        Some(&mut self.0[position.ok()?].1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_log_drops_its_oldest_entry_and_still_finds_the_others() {
        let mut log = Log::<_, 2>::default();
        let numbers = ["first", "second", "third"].map(|entry| log.push(entry));
        assert!(log.get_mut(numbers[0]).is_none());
        *log.get_mut(numbers[2]).unwrap() = "changed";
        assert_eq!(log.iter().collect::<Vec<_>>(), [&"second", &"changed"]);
    }
}
