//! Stretches of a video.

@import@/// How many modules there are up to this one.
pub fn steps() -> usize {
    @steps@
}

pub fn seconds(stretches: &[(f64, f64)]) -> f64 {
    let lengths = stretches.iter().map(|(start, end)| (end - start).max(0.0));
    lengths.sum()
}
