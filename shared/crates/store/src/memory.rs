//! Cache of one function instance.
//!
//! It is an LRU cache bounded by bytes and entries. Entries live for a short time only, since
//! instances are not notified of changes.

use eventrelay_core::config::MemoryBounds;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use lru::LruCache;

use crate::{
    counters::{Counts, LOOKUP_HITS, LOOKUP_MISSES},
    videos::{Found, Selector},
};
use eventrelay_core::{clock::Timestamp, video::VideoKey};

/// Estimated bytes of an entry besides its body: keys, row, directory and allocations.
const OVERHEAD: usize = 2048;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Row(VideoKey, Selector),
    Blob(String),
    Text(String),
}

#[derive(Clone, Debug)]
enum Value {
    Row(Arc<Found>),
    Blob(Bytes),
    Text(Arc<str>),
}

#[derive(Debug)]
struct Held {
    value: Value,
    bytes: usize,
    until: Timestamp,
}

#[derive(Debug)]
struct Kept {
    entries: LruCache<Key, Held>,
    bytes: usize,
}

/// Cache of an instance.
#[derive(Debug)]
pub struct InstanceCache {
    bounds: MemoryBounds,
    kept: Mutex<Kept>,
}

impl InstanceCache {
    #[must_use]
    pub fn new(bounds: MemoryBounds) -> Self {
        let entries = LruCache::new(NonZeroUsize::new(bounds.entries).unwrap_or(NonZeroUsize::MIN));
        Self {
            bounds,
            kept: Mutex::new(Kept { entries, bytes: 0 }),
        }
    }

    /// Returns a cached row and its body.
    #[must_use]
    pub fn row(&self, video: &VideoKey, selector: &Selector, now: Timestamp) -> Option<Arc<Found>> {
        match self.get(&Key::Row(video.clone(), selector.clone()), now)? {
            Value::Row(found) => Some(found),
            _ => None,
        }
    }

    pub fn keep_row(
        &self,
        video: &VideoKey,
        selector: &Selector,
        found: &Arc<Found>,
        now: Timestamp,
    ) {
        let bytes = found.body.as_ref().map_or(0, Bytes::len);
        let key = Key::Row(video.clone(), selector.clone());
        self.keep(key, Value::Row(found.clone()), bytes, now);
    }

    /// Returns a cached blob by its object key.
    #[must_use]
    pub fn blob(&self, key: &str, now: Timestamp) -> Option<Bytes> {
        match self.get(&Key::Blob(key.to_owned()), now)? {
            Value::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn keep_blob(&self, key: &str, blob: &Bytes, now: Timestamp) {
        self.keep(
            Key::Blob(key.to_owned()),
            Value::Blob(blob.clone()),
            blob.len(),
            now,
        );
    }

    /// Returns a cached decompressed body by its entity tag.
    #[must_use]
    pub fn text(&self, etag: &str, now: Timestamp) -> Option<Arc<str>> {
        match self.get(&Key::Text(etag.to_owned()), now)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Caches a decompressed body.
    pub fn keep_text(&self, etag: &str, text: &str, now: Timestamp) {
        self.keep(
            Key::Text(etag.to_owned()),
            Value::Text(text.into()),
            text.len(),
            now,
        );
    }

    /// Removes a row that turned out to be stale.
    pub fn forget_row(&self, video: &VideoKey, selector: &Selector) {
        let mut kept = self.lock();
        if let Some(held) = kept.entries.pop(&Key::Row(video.clone(), selector.clone())) {
            kept.bytes -= held.bytes;
        }
    }

    fn get(&self, key: &Key, now: Timestamp) -> Option<Value> {
        let mut kept = self.lock();
        let held = kept.entries.get(key)?;
        if now < held.until {
            return Some(held.value.clone());
        }
        let expired = kept.entries.pop(key)?;
        kept.bytes -= expired.bytes;
        None
    }

    fn keep(&self, key: Key, value: Value, bytes: usize, now: Timestamp) {
        let bytes = bytes + OVERHEAD;
        if self.bounds.ttl.is_zero() || bytes > self.bounds.bytes {
            return;
        }
        let held = Held {
            value,
            bytes,
            until: now + self.bounds.ttl,
        };
        let mut kept = self.lock();
        kept.bytes += bytes;
        // The entry that it replaces, or the least recently used one.
        if let Some((_, gone)) = kept.entries.push(key, held) {
            kept.bytes -= gone.bytes;
        }
        while kept.bytes > self.bounds.bytes {
            let Some((_, gone)) = kept.entries.pop_lru() else {
                break;
            };
            kept.bytes -= gone.bytes;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time of an event that has not happened.
const NEVER: u64 = 0;

/// Lookups answered by this instance and not yet added to the counters. A write per lookup would
/// cost more than the lookup.
#[derive(Debug)]
pub struct LookupCounter {
    every: Duration,
    hits: AtomicU64,
    misses: AtomicU64,
    reported_at: AtomicU64,
}

impl LookupCounter {
    /// Creates a counter that is reported at most once per `every`.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            reported_at: AtomicU64::new(NEVER),
        }
    }

    pub fn note(&self, is_hit: bool) {
        let count = if is_hit { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the counts to report if the interval has passed. The first call only starts the
    /// interval.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Counts> {
        let _ =
            self.reported_at
                .compare_exchange(NEVER, now.0, Ordering::Relaxed, Ordering::Relaxed);
        let reported_at = Timestamp(self.reported_at.load(Ordering::Relaxed));
        if now < reported_at + self.every {
            return None;
        }
        let mut counts = Counts::default();
        for (name, count) in [(LOOKUP_HITS, &self.hits), (LOOKUP_MISSES, &self.misses)] {
            let count = count.swap(0, Ordering::Relaxed);
            counts.add(name, i64::try_from(count).unwrap_or(i64::MAX));
        }
        if counts.is_empty() {
            return None;
        }
        self.reported_at.store(now.0, Ordering::Relaxed);
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(entries: usize, bytes: usize) -> InstanceCache {
        InstanceCache::new(MemoryBounds {
            ttl: Duration::from_secs(5),
            bytes,
            entries,
        })
    }

    const NOW: Timestamp = Timestamp(1000);

    #[test]
    fn forgets_after_its_time() {
        let memory = memory(4, 1 << 20);
        memory.keep_blob("a", &Bytes::from_static(b"x"), NOW);
        assert!(memory.blob("a", Timestamp(5999)).is_some());
        assert!(memory.blob("a", Timestamp(6000)).is_none());
        assert_eq!(memory.lock().bytes, 0);
    }

    #[test]
    fn holds_no_more_than_it_may() {
        let memory = memory(3, 3 * (OVERHEAD + 100));
        let blob = Bytes::from(vec![0; 100]);
        for key in ["a", "b", "c"] {
            memory.keep_blob(key, &blob, NOW);
        }
        assert!(memory.blob("a", NOW).is_some());
        memory.keep_blob("d", &blob, NOW);
        assert!(memory.blob("b", NOW).is_none(), "used least recently");
        assert!(memory.blob("a", NOW).is_some());
        memory.keep_blob("e", &Bytes::from(vec![0; OVERHEAD + 200]), NOW);
        assert!(memory.lock().bytes <= 3 * (OVERHEAD + 100));
        memory.keep_blob("too large", &Bytes::from(vec![0; 1 << 20]), NOW);
        assert!(memory.blob("too large", NOW).is_none());
        memory.keep_blob("e", &blob, NOW);
        let kept = memory.lock();
        let sum: usize = kept.entries.iter().map(|(_, held)| held.bytes).sum();
        assert_eq!(kept.bytes, sum);
    }

    #[test]
    fn without_a_time_nothing_is_kept() {
        let memory = InstanceCache::new(MemoryBounds {
            ttl: Duration::ZERO,
            bytes: 1 << 20,
            entries: 4,
        });
        memory.keep_blob("a", &Bytes::from_static(b"x"), NOW);
        assert!(memory.blob("a", NOW).is_none());
    }

    #[test]
    fn a_tally_is_reported_now_and_then() {
        let tally = LookupCounter::new(Duration::from_secs(10));
        assert_eq!(tally.due(NOW), None, "nothing to report");
        tally.note(true);
        tally.note(true);
        tally.note(false);
        let counts = tally.due(Timestamp(20_000)).unwrap();
        assert_eq!((counts.get(LOOKUP_HITS), counts.get(LOOKUP_MISSES)), (2, 1));
        tally.note(true);
        assert_eq!(tally.due(Timestamp(29_999)), None);
        assert_eq!(tally.due(Timestamp(30_000)).unwrap().get(LOOKUP_HITS), 1);
    }
}
