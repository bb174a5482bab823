//! Cache hits by layer of the store, collected without logging until the next log line.

use std::sync::atomic::{AtomicU64, Ordering};

use strum::{IntoStaticStr, VariantArray};

use super::Metric;

/// Layers of the store, in lookup order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Layer {
    /// The cache of the instance.
    Memory,
    /// The row, and the body beside it.
    Index,
    Bucket,
}

type Counts = [AtomicU64; Layer::VARIANTS.len()];
static HITS: Counts = [const { AtomicU64::new(0) }; Layer::VARIANTS.len()];
static MISSES: Counts = [const { AtomicU64::new(0) }; Layer::VARIANTS.len()];

/// Records a hit or a miss of a layer.
pub fn note_lookup(layer: Layer, is_hit: bool) {
    let counts = if is_hit { &HITS } else { &MISSES };
    counts[layer as usize].fetch_add(1, Ordering::Relaxed);
}

/// Returns the counts since the last call: names of layers, with their metrics.
#[expect(clippy::cast_precision_loss, reason = "lookups of one request")]
pub fn noted() -> impl Iterator<Item = (&'static str, Metric, f64)> {
    let counts = [(Metric::CacheHits, &HITS), (Metric::CacheMisses, &MISSES)];
    let all = Layer::VARIANTS
        .iter()
        .flat_map(move |&layer| counts.map(|(metric, counts)| (layer, metric, counts)));
    all.filter_map(|(layer, metric, counts)| {
        match counts[layer as usize].swap(0, Ordering::Relaxed) {
            0 => None,
            count => Some((layer.into_str(), metric, count as f64)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_lookups_are_reported_once() {
        note_lookup(Layer::Memory, false);
        note_lookup(Layer::Index, true);
        note_lookup(Layer::Index, true);
        // Other tests of this process record lookups as well, so there may be more.
        let told: Vec<_> = noted().collect();
        let count = |name, metric| {
            let of = told
                .iter()
                .filter(|told| (told.0, told.1) == (name, metric));
            of.map(|told| told.2).sum::<f64>()
        };
        assert!(count("memory", Metric::CacheMisses) >= 1.0, "{told:?}");
        assert!(count("index", Metric::CacheHits) >= 2.0, "{told:?}");
    }
}
